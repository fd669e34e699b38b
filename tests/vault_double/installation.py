"""A Vault that is set up for Caseloop: the stand-in, or the real server that CASELOOP_TEST_VAULT_ADDR names.

For a real one, CASELOOP_TEST_VAULT_TOKEN holds a token that may do everything, and CASELOOP_TEST_VAULT_CA the PEM file
of its authority. Everything is made below a new prefix and stays there.
"""

import copy
import os
import secrets
import threading
from datetime import timedelta
from pathlib import Path

from infra.vault.bootstrap import Bootstrap
from infra.vault.policies import ROLES
from tests.vault_double.server import VaultDouble
from vault.adapters.hashicorp import Mounts, VaultSession, connect
from vault.files import private_folder, write_private
from vault.settings import VaultSettings

EVERYTHING = "everything"
"""A sign-in that may do what all services and the operator may, for tests of the adapters as such."""
DATED_BACK = timedelta(seconds=1)

_one_at_a_time = threading.Lock()
_settings: dict[Path, VaultSettings] = {}
_double: list[tuple[VaultDouble, VaultSettings, dict]] = []


def set_up(settings: VaultSettings, token: str, folder: Path) -> VaultSettings:
    """Run our own bootstrap, and give out one sign-in for everything."""
    Bootstrap(settings, token, dated_back=DATED_BACK).run(folder)
    client, mount = connect(settings, token), Mounts.of(settings.prefix).approle
    policies = [f"{settings.prefix}-{role}" for role in ROLES]
    client.auth.approle.create_or_update_approle(
        EVERYTHING, token_policies=policies, token_ttl="1h", token_max_ttl="24h", mount_point=mount
    )
    place = private_folder(folder / EVERYTHING)
    role_id = client.auth.approle.read_role_id(EVERYTHING, mount_point=mount)["data"]["role_id"]
    secret_id = client.auth.approle.generate_secret_id(EVERYTHING, mount_point=mount)["data"]["secret_id"]
    write_private(place / "role-id", role_id.encode())
    write_private(place / "secret-id", secret_id.encode())
    return settings.model_copy(update={"credentials": place})


def vault_settings(folder: Path, shared: Path) -> VaultSettings:
    """The settings of an installation that only the test with this folder uses.

    The stand-in is set up once, in `shared`, and put back to that state for each test.
    """
    with _one_at_a_time:
        if folder not in _settings:
            _settings[folder] = _real(folder) if "CASELOOP_TEST_VAULT_ADDR" in os.environ else _stand_in(shared)
        return _settings[folder]


def session(settings: VaultSettings, role: str = "") -> VaultSession:
    """Sign in, as a service where one is named."""
    if role:
        assert settings.credentials is not None
        settings = settings.model_copy(update={"credentials": settings.credentials.parent / role})
    return VaultSession(settings)


def _real(folder: Path) -> VaultSettings:
    authority = os.environ.get("CASELOOP_TEST_VAULT_CA")
    settings = VaultSettings(
        _env_file=None,
        address=os.environ["CASELOOP_TEST_VAULT_ADDR"],
        ca=Path(authority) if authority else None,
        prefix=f"test-{secrets.token_hex(6)}",
    )
    return set_up(settings, os.environ["CASELOOP_TEST_VAULT_TOKEN"], folder / "sign-ins")


def _stand_in(shared: Path) -> VaultSettings:
    if not _double:
        double = VaultDouble(shared)
        settings = VaultSettings(_env_file=None, address=double.address, ca=double.ca)
        settings = set_up(settings, double.state.root, shared / "sign-ins")
        _double.append((double, settings, _content(double)))
    double, settings, before = _double[0]
    for name, content in copy.deepcopy(before).items():
        vars(double.state.content[name]).update(content)
    return settings


def _content(double: VaultDouble) -> dict:
    """What the engines hold that a test may change; keys and certificates are shared, they do not change."""
    return {
        name: {
            field: dict(value) for field, value in vars(content).items() if field in ("versions", "signed", "revoked")
        }
        for name, content in double.state.content.items()
    }
