"""Tokens that no honest provider gives out, signed by a key that counts; and the keys of whoever signs them."""

import secrets
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI, Request

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OpenIdDouble:
    """Says anything below `issuer`, at the addresses of a realm of Keycloak; nobody can sign in at it."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.keys: dict[str, Any] = {"k1": RSA}
        self.requests: list[str] = []

    @property
    def kid(self) -> str:
        """The key that signs now."""
        return list(self.keys)[-1]

    def rotate(self, *, withdraw: bool = False) -> None:
        """Sign with a new key; older ones stay published unless withdrawn."""
        new = {f"k{len(self.keys) + 1}-{secrets.token_hex(2)}": ec.generate_private_key(ec.SECP256R1())}
        self.keys = new if withdraw else {**self.keys, **new}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Of a good access token; a value of None leaves the claim out."""
        now = int(time.time())
        good = {
            "iss": self.issuer,
            "aud": "caseloop-desk",
            "sub": "f-1",
            "iat": now,
            "exp": now + 300,
            "typ": "Bearer",
            "azp": "caseloop-cli",
            "preferred_username": "service-account-caseloop-cli",
            "roles": ["admin"],
            "scope": "profile",
        }
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def token(self, **changes: Any) -> str:
        """A token signed by the key of now."""
        key = self.keys[self.kid]
        return jwt.encode(self.claims(**changes), key, algorithm=_algorithm(key), headers={"kid": self.kid})

    def program_token(self) -> str:
        """A good one."""
        return self.token()

    def published(self) -> dict[str, Any]:
        """The key set."""
        return {"keys": [_published(kid, key) for kid, key in self.keys.items()]}

    def app(self) -> FastAPI:
        """What is asked for before a token can be checked."""
        app = FastAPI()
        base = "/realms/caseloop"

        @app.middleware("http")
        async def seen(request: Request, following: Any) -> Any:
            self.requests.append(request.url.path)
            return await following(request)

        @app.get(f"{base}/.well-known/openid-configuration")
        async def about() -> dict[str, str]:
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/protocol/openid-connect/certs"}

        @app.get(f"{base}/protocol/openid-connect/certs")
        async def certs() -> dict[str, Any]:
            return self.published()

        return app


def _algorithm(key: Any) -> str:
    return "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"


def _published(kid: str, key: Any) -> dict[str, Any]:
    kind = jwt.get_algorithm_by_name(_algorithm(key))
    public = kind.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, "use": "sig", "alg": _algorithm(key)}
