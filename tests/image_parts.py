"""What the containers of docker-compose.yml load: for the tests that hold the images' packages against it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

_TABLES: Final = "services.kit.postgres_text"
_OBJECTS: Final = "services.kit.adapters.objects_minio"
EVERYBODY: Final = (
    "infra.cli",
    "infra.production.cli",
    "services.kit.adapters.traces_otlp",
    "vault.adapters.hashicorp",
    "vault.adapters.vault_kv",
    "vault.adapters.vault_pki",
)
"""`caseloop serve`, and what production mode is for every service."""
_OPERATOR: Final = (
    "infra.audit.cli",
    "infra.backup.cli",
    "infra.keycloak.provisioning",
    "infra.production.databases",
    "infra.vault.bootstrap",
)
_MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "cases": (
        "case_uploader.app",
        "case_uploader.wiring",
        "case_uploader.adapters.repo2docker_process",
        "case_uploader.adapters.repo2docker_stock",
    ),
    "progress": ("services.progress.wiring",),
    "mentoring": ("services.mentoring.wiring",),
    "linting": ("linting.app", "linting.worker.__main__"),
    "runner": ("services.runner.app", "services.runner.service"),
    "feedback": ("feedback.app", "feedback.wiring"),
    "evaluation": ("evaluation.serving.app", "evaluation.serving.worker"),
    "gateway": ("services.gateway.wiring",),
    "dashboard": ("services.gateway.dashboard.wiring",),
    "hub": (
        "infra.production.hub",
        "infra.hub.beside_chart",
        "infra.hub.configuration",
        "spawner.docker",
        "spawner.kube",
        "spawner.swarm",
    ),
    "metrics": ("infra.production.metrics",),
    **dict.fromkeys(("builds-door", "checks-door", "engine-door"), ()),
    **dict.fromkeys(("backup", "restore", "databases", "set-up"), _OPERATOR),
}
"""Container -> what it loads besides, also by name and in processes that it starts."""
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "cases": ("case_uploader",),
    "progress": ("services.progress",),
    "mentoring": ("services.mentoring",),
    "linting": ("linting",),
    "runner": ("services.runner",),
    "feedback": ("feedback",),
    "evaluation": ("evaluation",),
    "gateway": ("services.gateway",),
    "dashboard": ("services.gateway",),
    "hub": ("infra.hub", "spawner"),
    "operator": ("infra.audit", "infra.backup", "infra.keycloak", "infra.production", "infra.vault"),
}
"""Image -> packages in which it calls everything, so that what a function there imports is needed, too."""


@dataclass
class Part:
    """One image of docker-compose.yml with code of ours."""

    image: str
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def modules(self) -> list[str]:
        """All that its containers load."""
        found = dict.fromkeys(EVERYBODY)
        for name, container in self.containers.items():
            found |= dict.fromkeys(_MODULES[name])
            told = container.get("environment", {})
            found |= {_TABLES: None} if "CASELOOP_DATABASE_URL" in told else {}
            found |= {_OBJECTS: None} if "CASELOOP_OBJECTS_ENDPOINT" in told else {}
        return list(found)

    @property
    def own(self) -> tuple[str, ...]:
        """Packages in which it calls everything."""
        return _OWN.get(self.image, ())

    @property
    def extra(self) -> str:
        """The name of what pyproject.toml lists for it."""
        return "kit" if self.image == "doors" else self.image


def parts(project: Path) -> Mapping[str, Part]:
    """Image -> what runs in it."""
    found: dict[str, Part] = {}
    for name, image, container in _containers(project):
        found.setdefault(image, Part(image)).containers[name] = container
    return found


def _containers(project: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, container in yaml.safe_load((project / "docker-compose.yml").read_text())["services"].items():
        repository, _, rest = container["image"].partition("/")
        if repository == "caseloop" and "caseloop" in container.get("command", ()):
            yield name, rest.partition(":")[0], container


def pins(lock: Path) -> dict[str, dict[str, str]]:
    """What a lock pins: package -> each of its versions, with the condition under which that is wanted."""
    found: dict[str, dict[str, str]] = {}
    for line in lock.read_text().splitlines():
        if line[:1].isalnum():
            pinned, _, condition = line.removesuffix("\\").strip().partition(" ; ")
            name, _, version = pinned.partition("==")
            found.setdefault(name.partition("[")[0].lower().replace("_", "-").replace(".", "-"), {})[
                version.strip()
            ] = condition.strip()
    return found
