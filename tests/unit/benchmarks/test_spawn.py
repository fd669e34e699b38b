"""What `benchmarks.spawn` makes of its measurements, and what it starts by hand."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.bare_container import Taken, bare_words, started_at
from benchmarks.harness import Report
from benchmarks.spawn import Round, tell

TOLD: dict[str, Any] = {
    "Image": "sha256:" + "a" * 64,
    "State": {"StartedAt": "2026-11-26T12:00:00.123456789Z"},
    "Config": {
        "Image": "caseloop/learner:latest",
        "User": "1000:1000",
        "WorkingDir": "/home/learner",
        "Env": ["JUPYTERHUB_API_TOKEN=secret"],
        "Cmd": ["/opt/learner/bin/python", "-m", "jupyterhub.singleuser", "--ServerApp.sock=/run/caseloop/server.sock"],
    },
    "HostConfig": {"Memory": 1 << 30, "ReadonlyRootfs": True, "CapDrop": ["ALL"], "Tmpfs": {"/tmp": "size=1g"}},
    "Mounts": [
        {"Type": "bind", "Source": "/homes/ada/case", "Destination": "/home/learner", "RW": True},
        {"Type": "bind", "Source": "/run/e/box", "Destination": "/run/caseloop", "RW": True},
        {"Type": "bind", "Source": "/run/hub", "Destination": "/run/hub", "RW": False},
        {"Type": "volume", "Source": "/engine/volume", "Destination": "/data", "RW": True},
    ],
}


def one(spawned: float, bare: float) -> Round:
    return Round(Taken(spawned / 4, spawned), Taken(bare / 2, bare))


def test_medians_are_compared_and_not_the_single_rounds() -> None:
    report = Report("spawn", quick=False)
    # the ratios of single rounds are 2, 1 and 0.5, and one of each kind was held up
    tell(report, [one(2.0, 1.0), one(2.2, 2.2), one(9.0, 18.0)])
    figures = report.figures
    assert {key: figure.value for key, figure in figures.items()} == {
        "spawn_s": 2.2,
        "bare_s": 2.2,
        "spawn_against_bare": 1.0,
        "spawn_to_container_s": pytest.approx(0.55),
        "bare_to_container_s": pytest.approx(1.1),
    }
    assert figures["spawn_against_bare"].note == "single rounds 0.50 to 2.00"


@pytest.mark.parametrize(("spawned", "met"), [(2.4, True), (2.42, False)])
def test_at_most_a_fifth_may_come_on_top(spawned: float, met: bool) -> None:
    report = Report("spawn", quick=False)
    tell(report, [one(spawned, 2.0)])
    assert report.figures["spawn_against_bare"].met is met
    assert [key for key, figure in report.figures.items() if figure.target is not None] == ["spawn_against_bare"]


def test_by_hand_the_same_is_started_with_folders_of_its_own_and_nothing_that_confines_it() -> None:
    own = {"/home/learner": Path("/bare/home"), "/run/caseloop": Path("/bare/box")}
    words = bare_words(TOLD, own, Path("/bare/variables"))
    assert words == [
        *("run", "--detach", "--network", "none", "--user", "1000:1000", "--workdir", "/home/learner"),
        *("--env-file", "/bare/variables"),
        *("--volume", "/bare/home:/home/learner", "--volume", "/bare/box:/run/caseloop"),
        *("--volume", "/run/hub:/run/hub:ro"),
        TOLD["Image"],
        *TOLD["Config"]["Cmd"],
    ]
    assert "secret" not in " ".join(words), "a command line can be read by everybody"


def test_the_engines_clock_is_read_to_the_microsecond() -> None:
    assert started_at(TOLD) == pytest.approx(1_795_694_400.123456, abs=1e-6)
