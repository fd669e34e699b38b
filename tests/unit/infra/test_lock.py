"""What `python -m infra.lock` asks the installer for; what it answers is held by tests/architecture."""

import sys
from pathlib import Path

import pytest

from infra import lock


def test_every_list_has_its_lock_and_every_extra_one() -> None:
    made = [one.file for one in lock.locks()]
    lists = {path.with_suffix(".txt") for path in lock.REQUIREMENTS.glob("*.in") if path.stem not in lock.BY_HAND}
    assert set(made) == lists | {lock.IMAGES / f"{extra}.txt" for extra in lock.extras()}
    assert len(made) == len(set(made))


def test_versions_are_taken_from_a_lock_that_was_written_before() -> None:
    written: set[Path] = set()
    for one in lock.locks():
        assert one.versions is None or one.versions in written, one.name
        written.add(one.file)
    by_name = {one.name: one for one in lock.locks()}
    assert by_name["images/hub"].versions == by_name["production"].file
    assert by_name["services"].versions == by_name["production"].file
    assert by_name["production"].versions == by_name["dev"].file
    assert by_name["learner"].versions is None


def test_a_lock_has_hashes_and_says_nothing_of_where_packages_come_from() -> None:
    (one,) = (one for one in lock.locks() if one.name == "images/progress")
    command = one.command(["minio", "all"])
    assert command[:5] == ["pip", "compile", str(lock.ROOT / "pyproject.toml"), "--extra", "progress"]
    assert {"--generate-hashes", "--universal", "--no-annotate", "--no-header"} <= set(command)
    assert not [word for word in command if "index" in word or "find-links" in word]
    assert command[-3:] == ["--upgrade-package", "minio", "--upgrade"]


def test_a_lock_that_is_not_there_is_refused_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["lock", "vllm"])
    with pytest.raises(SystemExit) as ended:
        lock.main()
    assert ended.value.code == 2
    assert "there is no lock vllm; there are dev, " in capsys.readouterr().err
