"""What must be there before the first `docker compose up`: secrets that nobody chose, and folders with their owners."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.production.certificates import make_certificate_folders
from vault.files import private_folder
from vault.trust import LISTENERS

ACCOUNT: Final = 10001
"""The account of our services in their containers, and of learners' containers."""
_OWNERS: Final = {"minio": 10002, "models": 10003, "caddy": 10004, "run/postgres": 70}
_PASSED_THROUGH: Final = 0o711
"""Mode of a folder whose socket others reach; what they say to it decides who comes in."""
_PRIVATE: Final = ("environments", "scratch", "sign-ins", "programs")
"""Folders that the services refuse to use when anybody else could look into them."""
WITH_TABLES: Final = ("cases", "dashboard", "feedback", "hub", "mentoring", "progress")
"""Services with a role and a schema of their own on PostgreSQL, and the Hub."""
KEYCLOAK: Final = "keycloak"
"""Its role there, and its database."""
FIRST_ADMIN: Final = "first-admin"
"""Keycloak's first administrator, whom it makes itself at its first start."""
_LENGTH: Final = 32


@dataclass(frozen=True)
class FirstRun:
    """What was made now, and what is left for somebody with more rights."""

    made: Sequence[Path]
    commands: Sequence[str]


def make_secrets(folder: Path) -> list[Path]:
    """Make the secrets that are not there yet; returns those made. What is there is never changed.

    Containers read them under their own accounts, so the files are open and the folder around them is not.
    """
    private_folder(folder)
    roles = [f"postgres-{service}" for service in WITH_TABLES]
    wanted = {name: secrets.token_urlsafe(_LENGTH) for name in ("postgres", *roles, "minio-password", "grafana")}
    wanted["minio-user"] = f"caseloop-{secrets.token_hex(4)}"
    made = [folder / name for name, value in wanted.items() if _write(folder / name, value, 0o644)]
    return made + _make_keycloaks(folder / "keycloak.env", folder / f"postgres-{KEYCLOAK}")


def _make_keycloaks(environment: Path, role: Path) -> list[Path]:
    """Keycloak reads its secrets from its environment alone; PostgreSQL must hear of one of them."""
    keycloak = {
        "KC_BOOTSTRAP_ADMIN_USERNAME": FIRST_ADMIN,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": secrets.token_urlsafe(_LENGTH),
        "KC_DB_PASSWORD": secrets.token_urlsafe(_LENGTH),
    }
    lines = "".join(f"{name}={value}\n" for name, value in keycloak.items())
    made = [environment] if _write(environment, lines, 0o600) else []
    said = dict(line.partition("=")[::2] for line in environment.read_text().splitlines())
    if (password := said.get("KC_DB_PASSWORD")) and _write(role, password, 0o644):
        made.append(role)
    return made


def _write(file: Path, content: str, mode: int) -> bool:
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(fd, "w") as out:
        os.fchmod(fd, mode)
        out.write(content)
    return True


def folders(state: Path) -> dict[Path, int]:
    """Every folder that docker-compose.yml mounts from `state`, and which account it belongs to."""
    doors = ("engine-door", "builds-door", "checks-door")
    run = [state / "run" / name for name in (*LISTENERS, "backup", "hub", "proxy", "e", "checks", *doors)]
    own = [state / "services" / name for name in (*LISTENERS, "hub", "backup") if name not in ("gateway", "dashboard")]
    private = [state / name for name in ("environments", "scratch")]
    kept = [state / name for name in ("homes", "data", "backups", "checks", "services")]
    ours = [*kept, *private, *run, *own]
    return dict.fromkeys(ours, ACCOUNT) | {state / name: owner for name, owner in _OWNERS.items()}


def private_folders(config: Path | None) -> dict[Path, int]:
    """Those outside of `state` that the set-up fills, and which account it does that under."""
    return {} if config is None else {config / name: ACCOUNT for name in ("sign-ins", "programs")}


def make_folders(state: Path, config: Path | None = None) -> FirstRun:
    """Make the folders; without the right to give them away, say the command that does. OSError.

    `config`: the folder, if any, for sign-ins at Vault, programs' secrets and certificates.
    """
    made, commands = [], []
    if config is not None:
        made += make_certificate_folders(config / "certificates")
    for folder, owner in (folders(state) | private_folders(config)).items():
        if not folder.is_dir():
            folder.mkdir(parents=True, mode=0o700 if folder.name in _PRIVATE else 0o750)
            if folder == state / "run" / "postgres":
                folder.chmod(_PASSED_THROUGH)
            made.append(folder)
        if folder.stat().st_uid != owner:
            if os.geteuid() == 0:
                os.chown(folder, owner, owner)
            else:
                commands.append(f"sudo chown {owner}:{owner} {folder}")
    return FirstRun(made, commands)
