"""What the learner's environment says about the gateway and the case."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsIncomplete(Exception):
    """Some of the environment's variables are set and others are missing."""


@dataclass(frozen=True)
class LabSettings:
    """Read once when the Jupyter server starts."""

    socket: Path
    """The gateway's unix socket."""
    certificate: Path
    """One PEM file with the environment's key and certificate; replaced while we run."""
    authority: Path
    """PEM with the certificate authority that signed the gateway's certificate."""
    token: str
    """The learner's Hub token; it never reaches the browser."""
    case: str
    notebook: str
    """Path of the case's notebook, relative to the server's root folder."""


_VARIABLES = {
    "socket": "CASELOOP_GATEWAY_SOCKET",
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
    if not environment.get(_VARIABLES["socket"]):
        return None
    missing = sorted(variable for variable in _VARIABLES.values() if not environment.get(variable))
    if missing:
        raise SettingsIncomplete(f"CASELOOP_GATEWAY_SOCKET is set, but not {', '.join(missing)}")
    value = {field: environment[variable] for field, variable in _VARIABLES.items()}
    return LabSettings(
        socket=Path(value["socket"]),
        certificate=Path(value["certificate"]),
        authority=Path(value["authority"]),
        token=value["token"],
        case=value["case"],
        notebook=value["notebook"],
    )
