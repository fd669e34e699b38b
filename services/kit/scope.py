"""Scope tokens: what the gateway vouches for, and all that inner services believe about a learner's request."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import Depends, Request
from pydantic import ValidationError

from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.identity import AiMode, MayRemain, Role, ScopeClaims, ScopeMode, Strictness
from services.kit.errors import CaseloopError
from vault.ports import SecretStore

LIFETIME: Final = timedelta(minutes=5)
SECRET_NAME: Final = "scope-signing-key"  # noqa: S105
VERIFYING_NAME: Final = "scope-verifying-key"
_AUDIENCE: Final = "caseloop"
_ALGORITHM: Final = "EdDSA"
_LONGEST: Final = 8192


class ScopeMissing(CaseloopError):
    """The call needs a scope token and has none."""

    status, error = 401, "scope_missing"


class ScopeInvalid(CaseloopError):
    """The scope token is not one of ours."""

    status, error = 401, "scope_invalid"


class ScopeExpired(CaseloopError):
    """The scope token was good once."""

    status, error = 401, "scope_expired"


class ScopeMinter:
    """Signs scope tokens; only the gateway has one."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._key = private_key

    def mint(
        self,
        *,
        user: str,
        role: Role,
        case: str,
        case_version: str,
        subtask: str | None = None,
        ai_mode: AiMode = "full",
        strictness: Strictness = "light",
        topics: tuple[str, ...] = (),
        scope_mode: ScopeMode = "soft",
        languages: tuple[str, ...] = (),
        may_remain: MayRemain = "advice",
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """Sign a token with these claims (see `ScopeClaims`), good from now for `lifetime`."""
        now = datetime.now(UTC)
        claims = ScopeClaims(
            user=user,
            role=role,
            case=case,
            case_version=case_version,
            subtask=subtask,
            ai_mode=ai_mode,
            strictness=strictness,
            topics=topics,
            scope_mode=scope_mode,
            languages=languages,
            may_remain=may_remain,
            expires=now + lifetime,
        )
        payload = claims.model_dump(mode="json", exclude={"expires"})
        payload |= {"aud": _AUDIENCE, "iat": now, "exp": claims.expires}
        return jwt.encode(payload, self._key, algorithm=_ALGORITHM)


class ScopeVerifier:
    """Checks scope tokens against the gateway's public key."""

    def __init__(self, public_key: Ed25519PublicKey) -> None:
        self._key = public_key

    def verify(self, token: str) -> ScopeClaims:
        """Return the claims. Raises `ScopeExpired` or `ScopeInvalid`."""
        try:
            payload = self._payload(token)
            return ScopeClaims(**payload)
        except jwt.ExpiredSignatureError:
            raise ScopeExpired("The scope token has expired; ask again.") from None
        except (jwt.InvalidTokenError, ValidationError, TypeError):
            raise ScopeInvalid("The scope token is not one of ours.") from None

    def _payload(self, token: str) -> dict[str, Any]:
        if len(token) > _LONGEST:
            raise jwt.InvalidTokenError("too long")
        payload = jwt.decode(
            token,
            self._key,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            options={"require": ["aud", "iat", "exp"]},
        )
        expires = datetime.fromtimestamp(payload["exp"], UTC)
        return {k: v for k, v in payload.items() if k not in {"aud", "iat", "exp"}} | {"expires": expires}


def scope_keys(secrets: SecretStore) -> tuple[ScopeMinter, ScopeVerifier]:
    """Load the installation's signing key, making it at first start. Blocks for a moment."""
    key = serialization.load_pem_private_key(secrets.create(SECRET_NAME, new_scope_key), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"the secret {SECRET_NAME!r} is not an Ed25519 key; delete it to have a new one made")
    return ScopeMinter(key), ScopeVerifier(key.public_key())


def scope_verifier(secrets: SecretStore) -> ScopeVerifier:
    """Load the public half alone, for a service that may not see the signing key. Blocks for a moment.

    Raises `SecretNotFound` when there is none (`caseloop vault bootstrap` makes it).
    """
    key = serialization.load_pem_public_key(secrets.get(VERIFYING_NAME))
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"the secret {VERIFYING_NAME!r} is not an Ed25519 public key; delete it and set up again")
    return ScopeVerifier(key)


def verifying_half(signing: bytes) -> bytes:
    """The public half (PEM) of a signing key (PEM)."""
    key = serialization.load_pem_private_key(signing, password=None)
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def new_scope_key() -> bytes:
    """Make a signing key (PEM)."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


async def current_scope(request: Request) -> ScopeClaims:
    """Dependency: the verified claims of the request's scope token."""
    verifier = request.app.state.scope_verifier
    if not isinstance(verifier, ScopeVerifier):
        raise TypeError("create_service() of this service needs scope_verifier=")
    token = request.headers.get(SCOPE_HEADER)
    if not token:
        raise ScopeMissing(f"This call needs a {SCOPE_HEADER} header.")
    return verifier.verify(token)


Scope = Annotated[ScopeClaims, Depends(current_scope)]
"""A route's parameter: who the learner is and what the request is about."""
