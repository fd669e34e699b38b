"""What the engine is asked for when checks run in containers."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from infra.settings import EmbeddedSettings
from services.runner.bubblewrap import SANDBOX_CODE
from services.runner.container_place import Place
from services.runner.containers import LABEL, Containers
from services.runner.engine import _pieces
from services.runner.sandboxes import Plan
from services.runner.settings import ContainerSettings

IMAGE, DIGEST = "sha256:" + "1" * 64, "a" * 64


@pytest.fixture
def containers(tmp_path: Path) -> Containers:
    engine = tmp_path / "engine.sock"
    settings = ContainerSettings(image="school/learner:2", folder=tmp_path / "shown", engine=engine, cpus=1.5)
    return Containers(settings, 60)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "sales.csv").write_text("a\n1\n")
    (folder / "more").mkdir()
    return folder


def asked(containers: Containers, case: Path) -> dict[str, Any]:
    return containers._container(Plan("version", ("numpy",), case, 32), case.parent / "door")


@pytest.mark.parametrize(
    ("packages", "image", "expected"),
    [
        (None, None, "school/learner:2"),
        (DIGEST, None, f"school/learner:{DIGEST[:24]}"),
        (DIGEST, IMAGE, IMAGE),
    ],
    ids=["common", "made by hand", "by digest"],
)
def test_the_image_is_the_one_that_learners_of_the_version_get(
    containers: Containers, case: Path, packages: str | None, image: str | None, expected: str
) -> None:
    assert containers.image_of(Plan("version", (), case, 32, packages, image)) == expected


def test_nothing_but_code_door_and_the_cases_files_is_shown_and_nothing_can_be_written(
    containers: Containers, case: Path
) -> None:
    host = asked(containers, case)["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert all(mount["ReadOnly"] is True and mount["Type"] == "bind" for mount in host["Mounts"])
    shown = {mount["Target"]: mount["Source"] for mount in host["Mounts"]}
    assert set(shown) == {
        *("/caseloop/caseloop_sandbox", "/caseloop/door"),
        *("/caseloop/work/more", "/caseloop/work/sales.csv"),
    }
    assert shown["/caseloop/work/sales.csv"] == str(case / "sales.csv")
    # what can be written is in memory, of the session's own, and small
    assert set(host["Tmpfs"]) == {"/tmp", "/caseloop/work"}
    assert all("size=32m" in options and "nosuid,nodev" in options for options in host["Tmpfs"].values())
    assert host["ShmSize"] == 32 << 20


def test_it_is_confined_and_limited_from_its_first_moment(containers: Containers, case: Path) -> None:
    made = asked(containers, case)
    host = made["HostConfig"]
    assert (host["NetworkMode"], host["CapDrop"], host["SecurityOpt"]) == ("none", ["ALL"], ["no-new-privileges"])
    assert host["Memory"] == host["MemorySwap"] > 0, "no swap"
    assert host["PidsLimit"] > 0
    assert host["CpuQuota"] / host["CpuPeriod"] == 1.5
    assert "Privileged" not in host
    assert set(made["Labels"]) == {LABEL}
    assert json.loads(made["Cmd"][-1])["single"] is True, "one session, and no namespaces inside"
    assert not [line for line in made["Env"] if "CASELOOP" in line or "TOKEN" in line]


def test_each_container_has_a_user_of_its_own_that_is_not_root(containers: Containers, case: Path) -> None:
    users = [asked(containers, case)["User"] for _ in range(50)]
    assert len(set(users)) == 50
    assert all(int(uid) == int(gid) >= 64_000 for uid, gid in (user.split(":") for user in users))


def test_a_log_is_read_without_the_headers_of_its_pieces() -> None:
    log = b"\x02\0\0\0\0\0\0\x06wrong\n" + b"\x01\0\0\0\0\0\0\x03end" + b"\x01\0\0"
    assert _pieces(log) == b"wrong\nend"
    assert _pieces(b"") == b""


def test_the_code_that_runs_inside_can_be_read_by_everybody_and_its_folder_by_nobody(
    containers: Containers, case: Path
) -> None:
    before = os.umask(0o077)
    try:
        mounts = asked(containers, case)["HostConfig"]["Mounts"]
    finally:
        os.umask(before)
    (code,) = (Path(mount["Source"]) for mount in mounts if mount["Target"] == "/caseloop/caseloop_sandbox")
    assert (code / "zygote.py").read_bytes() == (SANDBOX_CODE / "zygote.py").read_bytes()
    assert all(path.stat().st_mode & 0o004 for path in (code, *code.rglob("*")))
    assert code.parent.stat().st_mode & 0o077 == 0


async def test_a_way_in_is_there_until_the_container_has_come_in(tmp_path: Path) -> None:
    place = Place(tmp_path / "shown")
    with place.listening("one") as (listener, door):
        inside = socket.socket(socket.AF_UNIX)
        inside.connect(str(door / "s"))
        accepted, _ = listener.accept()
    assert not door.exists()
    inside.sendall(b"still")
    assert accepted.recv(5) == b"still"
    for opened in (inside, accepted):
        opened.close()
    place.close()
    assert list((tmp_path / "shown").iterdir()) == []


def test_a_runner_that_lives_is_not_taken_for_one_that_was_killed(tmp_path: Path) -> None:
    mine, other = Place(tmp_path / "shown"), Place(tmp_path / "shown")
    assert mine.stale() == frozenset()
    for place in (mine, other):
        assert place.code.is_dir()
    assert mine.stale() == other.stale() == frozenset()
    assert other._lock is not None
    os.close(other._lock)  # as the kernel does with what a killed process had open
    other._lock = None
    assert mine.stale() == {other.name}
    mine.forget({other.name})
    assert mine.stale() == frozenset()
    assert mine.code.is_dir()
    mine.close()


def test_containers_are_for_those_who_ask_for_them(tmp_path: Path) -> None:
    assert EmbeddedSettings(home=tmp_path).runner.containers is None
    wanted = EmbeddedSettings(home=tmp_path, checks_isolation="docker", learner_image="school/learner:3").runner
    assert wanted.containers is not None
    assert wanted.containers.image == "school/learner:3"
    assert wanted.containers.engine == Path("/var/run/docker.sock")
