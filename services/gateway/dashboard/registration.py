"""How the mentors' desk is known at the Hub: its name, its addresses, its scopes, its secret."""

import secrets
from typing import Final

from vault.ports import SecretStore

DESK: Final = "caseloop"
"""The service's name at the Hub."""
CLIENT_ID: Final = f"service-{DESK}"
PREFIX: Final = f"/services/{DESK}/"
"""Below this path the Hub's proxy leads to the desk."""
REDIRECT_PATH: Final = f"{PREFIX}oauth_callback"
MENTOR_SCOPE: Final = f"custom:{DESK}:mentor"
QA_SCOPE: Final = f"custom:{DESK}:qa"
ADMIN_SCOPE: Final = f"custom:{DESK}:admin"
"""Includes the mentor's and QA's."""
ACCESS_SCOPES: Final = frozenset({"access:services", f"access:services!service={DESK}"})
"""One of them lets a person in at all."""
SECRET_NAME: Final = "hub-desk-token"  # noqa: S105


def desk_secret(store: SecretStore) -> str:
    """The secret that the desk and the Hub share, made at first start. Blocks for a moment."""
    return store.create(SECRET_NAME, lambda: secrets.token_hex(32).encode()).decode()
