"""Who may read the figures of the Hub, which it keeps for those with a token of its own giving."""

import secrets
from typing import Any, Final

from vault.ports import SecretStore

READER: Final = "caseloop-figures"
"""The service's name at the Hub: the door to the figures, which asks for Prometheus."""
SECRET_NAME: Final = "hub-figures-token"  # noqa: S105


def figures_token(store: SecretStore) -> str:
    """What the door shows to the Hub, made at the first call. Blocks for a moment."""
    return store.create(SECRET_NAME, lambda: secrets.token_hex(32).encode()).decode()


def configure_figures(c: Any, store: SecretStore) -> None:
    """Let the door read the figures, and do nothing else.

    Without a token they would be open to all who can open the sign-in page (`authenticate_prometheus`): how many are
    there, when, and what fails.
    """
    c.JupyterHub.services.append({"name": READER, "api_token": figures_token(store), "display": False})
    c.JupyterHub.load_roles.append({"name": "figures", "services": [READER], "scopes": ["read:metrics"]})
