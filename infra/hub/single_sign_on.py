"""Sign-in by an OpenID provider in production: its roles and classes become the Hub's groups, and nothing else does."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from infra.hub.authenticator import GROUPS
from infra.keycloak.realm import AFTER_SIGN_OUT, CALLBACK, CLASSES, HUB_SECRET
from services.contracts.identity import Role
from services.kit.settings import OidcSettings
from vault.errors import VaultError
from vault.ports import SecretStore

CLASS_PREFIX: Final = "class-"
"""Before the name of a class in the Hub's groups, so that no class can be called as a role's group is."""
STATE_SECRET: Final = "hub-auth-state"  # noqa: S105 - a name
REFRESH_SECONDS: Final = 300
"""After so long a person's roles are asked for again; somebody who was shut out is out by then."""


def configure_single_sign_on(c: Any, oidc: OidcSettings, secrets: SecretStore) -> None:
    """Fill the Hub's configuration. Raises `VaultError` when a setting, a secret or a package is missing."""
    for variable, value in (("ISSUER", oidc.issuer), ("HUB_ADDRESS", oidc.hub_address)):
        if not value:
            raise VaultError(f"production mode needs CASELOOP_OIDC_{variable}; docs/how-to/keycloak.md says how")
    try:
        from infra.hub.signing_out import ProviderAuthenticator
    except ImportError as error:
        raise VaultError(
            "production mode needs oauthenticator; install it: pip install --require-hashes -r "
            "requirements/production.txt"
        ) from error
    c.JupyterHub.authenticator_class = ProviderAuthenticator
    c.CryptKeeper.keys = [secrets.get(STATE_SECRET)]
    _provider(c.GenericOAuthenticator, oidc, secrets)
    _people(c.GenericOAuthenticator)


def _provider(a: Any, oidc: OidcSettings, secrets: SecretStore) -> None:
    protocol = f"{oidc.issuer}/protocol/openid-connect"
    a.authorize_url, a.token_url, a.userdata_url = f"{protocol}/auth", f"{protocol}/token", f"{protocol}/userinfo"
    a.client_id, a.client_secret = oidc.client_id, secrets.get(HUB_SECRET).decode()
    a.oauth_callback_url = f"{oidc.hub_address}{CALLBACK}"
    a.scope = ["openid", "profile"]
    a.basic_auth = True
    a.enable_pkce = True
    a.http_request_kwargs = {"request_timeout": oidc.timeout, **({"ca_certs": str(oidc.ca)} if oidc.ca else {})}
    # Leaving the Hub ends the session at the provider too, and with it every other sign-in by it.
    back = {"client_id": oidc.client_id, "post_logout_redirect_uri": f"{oidc.hub_address}{AFTER_SIGN_OUT}"}
    a.logout_redirect_url = f"{protocol}/logout?{urlencode(back)}"


def _people(a: Any) -> None:
    a.username_claim = "preferred_username"
    a.manage_groups = True
    a.auth_state_groups_key = groups_of
    # Whoever has no role of ours has no business here, however well known to the provider.
    a.allowed_groups = set(GROUPS.values())
    a.allow_all = False
    a.enable_auth_state = True
    a.auth_refresh_age = REFRESH_SECONDS
    a.refresh_pre_spawn = True


def groups_of(auth_state: Mapping[str, Any]) -> set[str]:
    """The Hub's groups of somebody who signed in: one for each role, and one for each class."""
    user = auth_state["oauth_user"]
    roles = {GROUPS[role] for role in Role if role.value in _names(user.get("roles"))}
    below = f"/{CLASSES}/"
    classes = {path.removeprefix(below) for path in _names(user.get("groups")) if path.startswith(below)}
    return roles | {f"{CLASS_PREFIX}{name}" for name in classes if name}


def _names(claim: Any) -> list[str]:
    # A text would be searched letter by letter, and «admin» is in «not an admin».
    return [name for name in claim if isinstance(name, str)] if isinstance(claim, list) else []
