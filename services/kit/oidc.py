"""Bearer tokens of an OpenID provider, such as Keycloak: checked against its published keys, which may change."""

import asyncio
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from services.kit.errors import CaseloopError
from services.kit.settings import OidcSettings

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""What a key may sign with. Asymmetric only: a public key must not be good for signing."""
KEPT_SECONDS: Final = 600.0
"""How long keys are used before they are looked at again: a key that was withdrawn counts no longer than that."""
PAUSE_SECONDS: Final = 10.0
"""Between two looks: tokens with made-up key ids must not become requests to the provider."""
_LEEWAY: Final = 10
"""Seconds that the provider's clock and ours may be apart."""
_LONGEST: Final = 16_384
_SHORTEST_RSA: Final = 2_048
_HEADER: Final = re.compile(r"[Bb]earer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)")

_log = structlog.get_logger(__name__)


class BearerInvalid(CaseloopError):
    """The bearer token is none of the provider's, not for us, or over."""

    status, error = 401, "token_invalid"


class ProviderUnavailable(CaseloopError):
    """The OpenID provider gives no keys, and none are known."""

    status, error = 503, "sign_in_unavailable"


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who sends a token, as the provider vouches."""

    subject: str
    """The provider's own name for the account; never given to another."""
    name: str
    """`preferred_username`; the subject where there is none."""
    client: str
    """The client that the token was given to."""
    roles: frozenset[str]
    """The claim `roles`."""
    scopes: frozenset[str]
    expires: int
    """Seconds since the epoch."""


class BearerTokens:
    """Checks tokens. Which key and which algorithm, the provider says, never the token."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        issuer: str,
        audience: str,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._issuer, self._audience, self._now = http, issuer.rstrip("/"), audience, now
        self._keys: Mapping[str, jwt.PyJWK] | None = None
        self._looked = -float("inf")
        self._looking = asyncio.Lock()

    async def verify(self, authorization: str) -> Bearer:
        """Say who sends this `Authorization` header. Raises `BearerInvalid`, `ProviderUnavailable`."""
        found = _HEADER.fullmatch(authorization) if len(authorization) <= _LONGEST else None
        if found is None:
            raise BearerInvalid("Send `Authorization: Bearer <access token>`.")
        token = found[1]
        try:
            key = await self._key(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key,
                algorithms=[str(key.algorithm_name)],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
            return _bearer(claims)
        except jwt.ExpiredSignatureError:
            raise BearerInvalid("The access token has expired; get a new one.") from None
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            _log.warning("bearer token refused", reason=type(error).__name__)
            raise BearerInvalid("The access token is not one for this service.") from None

    async def _key(self, name: object) -> jwt.PyJWK:
        if not isinstance(name, str):
            raise jwt.InvalidTokenError("the token names no key")
        if not self._is_fresh(name):
            async with self._looking:
                # whoever waited finds what the one before has brought
                if not self._is_fresh(name):
                    await self._look()
        if self._keys is None:
            raise ProviderUnavailable("The sign-in service does not answer. Try again in a moment.")
        try:
            return self._keys[name]
        except KeyError:
            raise jwt.InvalidTokenError("the provider has no such key") from None

    def _is_fresh(self, name: str) -> bool:
        age = self._now() - self._looked
        return age < (KEPT_SECONDS if name in (self._keys or ()) else PAUSE_SECONDS)

    async def _look(self) -> None:
        try:
            self._keys = await self._published()
        except (httpx.HTTPError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
            _log.error("keys of the OpenID provider cannot be read", issuer=self._issuer, reason=repr(error))
            # Keys that are known go on working; the next look comes after the pause, also where none are.
            self._looked = self._now() - (0 if self._keys is None else KEPT_SECONDS - PAUSE_SECONDS)
        else:
            self._looked = self._now()

    async def _published(self) -> Mapping[str, jwt.PyJWK]:
        about = (await self._get(f"{self._issuer}/.well-known/openid-configuration")).json()
        if about["issuer"] != self._issuer:
            raise ValueError(f"the provider calls itself {about['issuer']!r}")
        address = httpx.URL(about["jwks_uri"])
        if address.scheme != "https":
            raise ValueError("the provider's keys are not on an https address")
        keys = (await self._get(address)).json()["keys"]
        usable = (_usable(key) for key in keys if isinstance(key, dict))
        return {key.key_id: key for key in usable if key is not None and key.key_id}

    async def _get(self, address: str | httpx.URL) -> httpx.Response:
        return (await self._http.get(address, headers={"Accept": "application/json"})).raise_for_status()


def provider_client(settings: OidcSettings) -> httpx.AsyncClient:
    """Make the client for the provider; close it at the end."""
    context = ssl.create_default_context(cafile=None if settings.ca is None else str(settings.ca))
    return httpx.AsyncClient(verify=context, timeout=settings.timeout, trust_env=False, follow_redirects=False)


def _usable(key: dict[str, Any]) -> jwt.PyJWK | None:
    if key.get("use", "sig") != "sig":
        return None
    try:
        made = jwt.PyJWK.from_dict(key)
    except (jwt.PyJWTError, ValueError):
        return None  # one of a kind that we do not know; the others still count
    if made.algorithm_name not in ALGORITHMS:
        return None
    short = isinstance(made.key, RSAPublicKey) and made.key.key_size < _SHORTEST_RSA
    return None if short else made


def _bearer(claims: Mapping[str, Any]) -> Bearer:
    # Keycloak says what a token is for: an ID token or a refresh token opens nothing.
    if claims.get("typ", "Bearer") not in ("Bearer", "at+jwt"):
        raise jwt.InvalidTokenError("not an access token")
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise jwt.InvalidTokenError("roles are no list of names")
    subject = str(claims["sub"])
    return Bearer(
        subject=subject,
        name=str(claims.get("preferred_username") or subject),
        client=str(claims.get("azp") or claims.get("client_id") or ""),
        roles=frozenset(roles),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        expires=int(claims["exp"]),
    )
