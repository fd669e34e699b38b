"""The realm as we want it: plain data, in the words of Keycloak's own representations."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.contracts.identity import Role

SCOPE: Final = "caseloop"
"""The client scope that puts roles and classes into tokens."""
HUB: Final = "jupyterhub"
PROGRAM: Final = "caseloop-cli"
"""The account of programs; it signs in with its own secret, never as a person."""
CLASSES: Final = "classes"
"""The group below which each group is a class."""
HUB_SECRET: Final = "hub-oidc-client"  # noqa: S105 - a name
"""The secret of ours with which the Hub signs itself in."""
CALLBACK: Final = "/hub/oauth_callback"
AFTER_SIGN_OUT: Final = "/hub/login"

Data = Mapping[str, Any]


def realm(name: str) -> Data:
    """The realm itself."""
    return {
        "realm": name,
        "enabled": True,
        "displayName": "Caseloop",
        "sslRequired": "all",
        # Who is let in, the school decides; and a name is a person's work, so it stays.
        "registrationAllowed": False,
        "editUsernameAllowed": False,
        "loginWithEmailAllowed": False,
        "rememberMe": False,
        "bruteForceProtected": True,
        "passwordPolicy": "length(12) and notUsername(undefined)",
        "accessTokenLifespan": 300,
        "ssoSessionIdleTimeout": 30 * 60,
        "ssoSessionMaxLifespan": 10 * 60 * 60,
        "revokeRefreshToken": True,
        # Two pages of the Hub may renew the same sign-in at the same moment.
        "refreshTokenMaxReuse": 1,
        "defaultSignatureAlgorithm": "RS256",
    }


def roles() -> Sequence[Data]:
    """What a person may be. Nobody is anything until told so."""
    about = {
        Role.LEARNER: "Works on cases",
        Role.MENTOR: "Answers learners' questions",
        Role.ADMIN: "Publishes cases and administers Caseloop",
        Role.QA: "Measures the quality of feedback",
    }
    return [{"name": role.value, "description": text} for role, text in about.items()]


def scope() -> Data:
    """The client scope; its mappers are kept up to date one by one."""
    return {"name": SCOPE, "protocol": "openid-connect", "attributes": {"include.in.token.scope": "false"}}


def scope_mappers() -> Sequence[Data]:
    """Roles and groups in access tokens, ID tokens and user information."""
    everywhere = {"access.token.claim": "true", "id.token.claim": "true", "userinfo.token.claim": "true"}
    return [
        _mapper(
            "roles",
            "oidc-usermodel-realm-role-mapper",
            {"claim.name": "roles", "jsonType.label": "String", "multivalued": "true", **everywhere},
        ),
        # with the full path: only what lies below /classes is a class
        _mapper("groups", "oidc-group-membership-mapper", {"claim.name": "groups", "full.path": "true", **everywhere}),
    ]


def hub_client(address: str) -> Data:
    """The Hub: people sign in with a code and PKCE, and come back to one address only."""
    return {
        **_confidential(HUB, "JupyterHub of Caseloop"),
        "standardFlowEnabled": True,
        "redirectUris": [f"{address}{CALLBACK}"],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": f"{address}{AFTER_SIGN_OUT}",
        },
    }


def program_client() -> Data:
    """Programs: no person, no browser, a token for the desk."""
    return {**_confidential(PROGRAM, "Programs that use Caseloop's desk"), "serviceAccountsEnabled": True}


def program_mappers(audience: str) -> Sequence[Data]:
    """Whom a program's token is meant for; without it the desk refuses the token."""
    return [
        _mapper(
            "audience",
            "oidc-audience-mapper",
            {"included.custom.audience": audience, "access.token.claim": "true", "id.token.claim": "false"},
        )
    ]


def _confidential(name: str, about: str) -> dict[str, Any]:
    return {
        "clientId": name,
        "name": about,
        "protocol": "openid-connect",
        "enabled": True,
        "publicClient": False,
        "clientAuthenticatorType": "client-secret",
        "standardFlowEnabled": False,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "redirectUris": [],
        "webOrigins": [],
    }


def _mapper(name: str, kind: str, config: Mapping[str, str]) -> Data:
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": dict(config)}
