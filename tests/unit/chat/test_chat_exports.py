"""The folder of exports: private, contained, and rewritten without whoever is to be forgotten."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedback.chat.exports import ExportDamaged, Exports
from vault.errors import VaultError

NAME = f"chat-shop-{'a' * 12}-{'b' * 12}.jsonl"
OTHER = f"chat-shop-{'a' * 12}-{'c' * 12}.jsonl"


def written(folder: Path, name: str, *learners: str) -> Path:
    exports = Exports(folder)
    with exports.writing(name) as lines:
        for learner in learners:
            lines.add({"learner": learner, "text": f"von {learner} für ☃"})
    return folder / name


@pytest.mark.parametrize(
    "name",
    [
        "../x.jsonl",
        "/etc/passwd",
        "chat-shop-aaaa.jsonl",
        f"{NAME}/..",
        f".{NAME}",
        NAME.replace("shop", "a/b"),
        f"{NAME}\n",
    ],
)
def test_nothing_but_exports_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no name of an export"), Exports(tmp_path / "e").writing(name):
        pass
    assert sorted(tmp_path.rglob("*.jsonl")) == []


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        _broken_off(Exports(tmp_path / "e"))
    assert list((tmp_path / "e").iterdir()) == []


def _broken_off(exports: Exports) -> None:
    with exports.writing(NAME) as lines:
        lines.add({"learner": "ada"})
        raise RuntimeError("in the middle")


def test_a_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e").mkdir(mode=0o755)
    (tmp_path / "e").chmod(0o755)
    with pytest.raises(VaultError, match="chmod 700"):
        Exports(tmp_path / "e").prepare()


def test_forgetting_takes_out_lines_and_empty_files(tmp_path: Path) -> None:
    both, alone = written(tmp_path / "e", NAME, "ada", "bob", "ada"), written(tmp_path / "e", OTHER, "ada")
    os.utime(both, (1_000_000, 1_000_000))
    (tmp_path / "e" / f".{NAME}.0123abcd").write_text("left by a crash: ada")
    (tmp_path / "e" / "notes.txt").write_text("ada's notes, no export")
    assert Exports(tmp_path / "e").forget("ada") == 3
    assert [json.loads(line)["learner"] for line in both.read_text("utf-8").splitlines()] == ["bob"]
    assert "☃" in both.read_text("utf-8")
    assert not alone.exists()
    assert both.stat().st_mtime == 1_000_000
    assert both.stat().st_mode & 0o777 == 0o600
    assert {f.name for f in (tmp_path / "e").iterdir()} == {NAME, "notes.txt"}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = written(tmp_path / "out", NAME, "ada")
    Exports(tmp_path / "e").prepare()
    (tmp_path / "e" / OTHER).symlink_to(outside)
    assert Exports(tmp_path / "e").forget("ada") == 0
    assert Exports(tmp_path / "e").drop_older(datetime.now(UTC) + timedelta(days=1)) == 0
    assert "ada" in outside.read_text("utf-8")


def test_what_cannot_be_read_is_named_after_the_rest_is_done(tmp_path: Path) -> None:
    file = written(tmp_path / "e", NAME, "ada", "bob")
    (tmp_path / "e" / OTHER).write_text('{"no learner": 1}\n')
    with pytest.raises(ExportDamaged, match=OTHER):
        Exports(tmp_path / "e").forget("ada")
    assert "ada" not in file.read_text("utf-8")


def test_old_files_go(tmp_path: Path) -> None:
    old, new = written(tmp_path / "e", NAME, "ada"), written(tmp_path / "e", OTHER, "ada")
    os.utime(old, (1_000, 1_000))
    assert Exports(tmp_path / "e").drop_older(datetime.now(UTC) - timedelta(days=30)) == 1
    assert not old.exists()
    assert new.exists()


async def test_two_at_once_wait_for_each_other(tmp_path: Path) -> None:
    import asyncio

    one, other = Exports(tmp_path / "e"), Exports(tmp_path / "e")
    seen: list[str] = []

    async def work(exports: Exports, name: str) -> None:
        async with exports.alone():
            seen.append(f"{name} in")
            await asyncio.sleep(0.1)
            seen.append(f"{name} out")

    await asyncio.gather(work(one, "a"), work(other, "b"))
    assert seen in (["a in", "a out", "b in", "b out"], ["b in", "b out", "a in", "a out"])
