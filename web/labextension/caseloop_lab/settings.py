"""What the learner's environment says about the gateway and the case."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsIncomplete(Exception):
    """Some of the environment's variables are set and others are missing."""


@dataclass(frozen=True)
class LabSettings:
    """Read once when the Jupyter server starts."""

    gateway: Path | tuple[str, int]
    """The gateway's unix socket; host and port where it is on another machine."""
    certificate: Path
    """One PEM file with the environment's key and certificate; replaced while we run."""
    authority: Path
    """PEM with the certificate authority that signed the gateway's certificate."""
    token: str
    """The learner's Hub token; it never reaches the browser."""
    case: str
    notebook: str
    """Path of the case's notebook, relative to the server's root folder."""


_SOCKET, _ADDRESS = "CASELOOP_GATEWAY_SOCKET", "CASELOOP_GATEWAY_ADDRESS"
_VARIABLES = {
    "certificate": "CASELOOP_CERTIFICATE",
    "authority": "CASELOOP_CA",
    "token": "JUPYTERHUB_API_TOKEN",
    "case": "CASELOOP_CASE",
    "notebook": "CASELOOP_NOTEBOOK",
}


def from_environment(environment: Mapping[str, str]) -> LabSettings | None:
    """Read the settings; None where no gateway is named (a JupyterLab outside Caseloop).

    Raises SettingsIncomplete with the names of the missing variables.
    """
    named = next((variable for variable in (_SOCKET, _ADDRESS) if environment.get(variable)), None)
    if named is None:
        return None
    missing = sorted(variable for variable in _VARIABLES.values() if not environment.get(variable))
    if missing:
        raise SettingsIncomplete(f"{named} is set, but not {', '.join(missing)}")
    value = {field: environment[variable] for field, variable in _VARIABLES.items()}
    return LabSettings(
        gateway=Path(environment[named]) if named == _SOCKET else _address(environment[named]),
        certificate=Path(value["certificate"]),
        authority=Path(value["authority"]),
        token=value["token"],
        case=value["case"],
        notebook=value["notebook"],
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise SettingsIncomplete(f"{_ADDRESS} is no host:port: {text}")
    return host, int(port)
