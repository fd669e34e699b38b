"""Which spawner the Hub is given, and what it is told."""

from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

from infra.hub.configuration import _environments
from infra.production.settings import ProductionSettings
from infra.settings import EmbeddedSettings
from tests.unit.spawner.in_a_cluster import platform


def told(settings: EmbeddedSettings, home: Path) -> Any:
    config = Config()
    _environments(config, settings, platform(home))
    return config


def settings_of(home: Path, kind: type[EmbeddedSettings], **changes: Any) -> Any:
    return kind(home=home, run_dir=home / "r", _env_file=None, **changes)


@pytest.mark.parametrize(
    ("isolation", "name"),
    [
        ("bubblewrap", "BubblewrapSpawner"),
        ("docker", "DockerServer"),
        ("swarm", "SwarmServer"),
        ("kubernetes", "KubeServer"),
    ],
)
def test_each_isolation_has_its_spawner_with_the_same_limits(tmp_path: Path, isolation: str, name: str) -> None:
    changes = {"isolation": isolation, "environment_memory_mb": 777, "environment_idle_hours": 3}
    config = told(settings_of(tmp_path, ProductionSettings, mode="production", **changes), tmp_path)
    assert config.JupyterHub.spawner_class.__name__ == name
    assert config[name].memory_mb == 777
    assert config.CaseServer.idle_hours == 3
    if isolation != "bubblewrap":
        assert (config[name].image_name, config[name].image_tag) == ("caseloop/learner", "latest")


def test_a_cluster_is_told_where_learners_meet_the_hub_and_starts_nobody_without_tls(tmp_path: Path) -> None:
    of = {"mode": "production", "cluster_network": "n", "cluster_claim": "c"}
    swarm = told(settings_of(tmp_path, ProductionSettings, isolation="swarm", **of), tmp_path)
    assert (swarm.SwarmServer.network_name, swarm.NetworkServer.plain_allowed) == ("n", False)
    kube = told(settings_of(tmp_path, ProductionSettings, isolation="kubernetes", cluster_plain=True, **of), tmp_path)
    assert (kube.KubeServer.claim, kube.NetworkServer.plain_allowed) == ("c", True)


def test_one_machine_has_no_cluster(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs CASELOOP_MODE=production"):
        told(settings_of(tmp_path, EmbeddedSettings, isolation="swarm"), tmp_path)
