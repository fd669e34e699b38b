"""docker-compose.yml as Compose reads it: `.env` is put in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^{}]*))?\}")
_IF_THERE = re.compile(r"\$\{(\w+):\+([^{}]*)\}")


def services(project: Path) -> Mapping[str, dict[str, Any]]:
    """Every service of the file, with its variables as they stand there."""
    return dict(yaml.safe_load((project / "docker-compose.yml").read_text())["services"])


def told(value: str, **given: str) -> str:
    """As Compose reads it with nothing but `given` in `.env`."""
    inner = _VARIABLE.sub(lambda found: given.get(found[1]) or found[2] or "", value)
    # what stands within another is put in first
    outer = _IF_THERE.sub(lambda found: found[2] if given.get(found[1]) else "", inner)
    return _VARIABLE.sub(lambda found: given.get(found[1]) or found[2] or "", outer)


def environment(service: Mapping[str, Any], **given: str) -> dict[str, str]:
    """What a container of the service finds in its environment."""
    return {name: told(str(value), **given) for name, value in service["environment"].items()}
