"""The benchmark of starting learners' containers runs on a real engine, and leaves nothing there."""

import docker
import pytest

from benchmarks import spawn
from benchmarks.harness import CouldNotRun, Report
from tests.docker.machine_image import LEARNER


def _containers(engine: docker.DockerClient) -> set[str]:
    return {container["Id"] for container in engine.api.containers(all=True)}


def test_one_round_of_each_kind(engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASELOOP_LEARNER_IMAGE", LEARNER)
    before, report = _containers(engine), Report("spawn", quick=True)
    spawn.measure(report, rounds=1)
    figures = {key: figure.value for key, figure in report.figures.items()}
    # what is measured is a start: the container begins before its server answers
    assert 0 < figures["spawn_to_container_s"] < figures["spawn_s"] < 120
    assert 0 < figures["bare_to_container_s"] < figures["bare_s"] < 120
    assert figures["spawn_against_bare"] == pytest.approx(figures["spawn_s"] / figures["bare_s"])
    assert not _containers(engine) - before


def test_an_image_that_is_not_there_is_named_with_what_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASELOOP_LEARNER_IMAGE", "caseloop/learner:never-made")
    with pytest.raises(CouldNotRun, match=r"no image caseloop/learner:never-made.*build.py learner"):
        spawn.measure(Report("spawn", quick=True), rounds=1)
