"""A small OpenID provider that behaves as Keycloak does where we use it, over real TLS where one listens."""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI, Header, HTTPException, Request
from starlette.responses import JSONResponse, RedirectResponse

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class OpenIdDouble:
    """Accounts, signing keys, and the provider's addresses below `issuer`."""

    def __init__(self, issuer: str, clients: dict[str, str] | None = None) -> None:
        self.issuer, self.clients = issuer, clients or {}
        self.accounts: dict[str, dict[str, Any]] = {}
        self.signed_in = ""
        """Whose browser comes next; the provider asks nobody."""
        self.keys: dict[str, Any] = {"k1": RSA}
        self.requests: list[str] = []
        self.down = False
        self.ended: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh: dict[str, str] = {}
        self._opaque: dict[str, str] = {}

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
        return self.sign(self.claims(**changes))

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Sign any claims by the key of now."""
        key = self.keys[self.kid]
        return jwt.encode(claims, key, algorithm=_algorithm(key), headers={"kid": self.kid, **header})

    def published(self) -> dict[str, Any]:
        """The key set."""
        return {"keys": [_published(kid, key) for kid, key in self.keys.items()]}

    def app(self) -> FastAPI:
        """The provider itself; its paths are Keycloak's below a realm."""
        app = FastAPI()
        base = "/realms/caseloop"
        protocol = f"{base}/protocol/openid-connect"

        @app.middleware("http")
        async def seen(request: Request, following: Any) -> Any:
            self.requests.append(request.url.path)
            return JSONResponse({}, 503) if self.down else await following(request)

        @app.get(f"{base}/.well-known/openid-configuration")
        async def about() -> dict[str, str]:
            names = ("authorization:auth", "token:token", "userinfo:userinfo", "end_session:logout")
            places = {
                f"{n}_endpoint": f"{self.issuer}/protocol/openid-connect/{p}" for n, p in (x.split(":") for x in names)
            }
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/protocol/openid-connect/certs", **places}

        @app.get(f"{protocol}/certs")
        async def certs() -> dict[str, Any]:
            return self.published()

        @app.get(f"{protocol}/auth")
        async def authorize(request: Request) -> RedirectResponse:
            asked = dict(request.query_params)
            if asked["client_id"] not in self.clients or asked.get("code_challenge_method") != "S256":
                raise HTTPException(400, "unknown client, or no PKCE")
            code = secrets.token_urlsafe(16)
            self._codes[code] = {**asked, "account": self.signed_in}
            query = urlencode({"code": code, "state": asked["state"]})
            return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302)

        @app.post(f"{protocol}/token")
        async def token(request: Request, authorization: str = Header("")) -> dict[str, Any]:
            form = dict(parse_qsl((await request.body()).decode()))
            client, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            if not secret or self.clients.get(client) != secret:
                raise HTTPException(401, "unauthorized_client")
            match form.get("grant_type"):
                case "authorization_code":
                    account = self._redeemed(form["code"], form["code_verifier"], client)
                case "refresh_token" if form["refresh_token"] in self._refresh:
                    account = self._refresh.pop(form["refresh_token"])
                case _:
                    raise HTTPException(400, "invalid_grant")
            return self._tokens(account, client)

        @app.get(f"{protocol}/userinfo")
        async def userinfo(authorization: str = Header("")) -> dict[str, Any]:
            account = self._opaque.get(authorization.partition(" ")[2])
            if account not in self.accounts:
                raise HTTPException(401, "invalid_token")
            return {"sub": f"id-{account}", "preferred_username": account, **self.accounts[account]}

        @app.get(f"{protocol}/logout")
        async def logout(request: Request) -> dict[str, str]:
            self.ended.append(dict(request.query_params))
            return {}

        return app

    def _redeemed(self, code: str, verifier: str, client: str) -> str:
        asked = self._codes.pop(code, None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if asked is None or asked["client_id"] != client or asked["code_challenge"] != challenge:
            raise HTTPException(400, "invalid_grant")
        return asked["account"]

    def _tokens(self, account: str, client: str) -> dict[str, Any]:
        if account not in self.accounts:
            raise HTTPException(400, "invalid_grant")
        access, refresh = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        self._opaque[access], self._refresh[refresh] = account, account
        identity = self.token(aud=client, typ="ID", preferred_username=account, **self.accounts[account])
        return {
            "access_token": access,
            "refresh_token": refresh,
            "id_token": identity,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "openid profile roles",
        }


def _algorithm(key: Any) -> str:
    return "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"


def _published(kid: str, key: Any) -> dict[str, Any]:
    kind = jwt.get_algorithm_by_name(_algorithm(key))
    public = kind.to_jwk(key.public_key(), as_dict=True)
    return {**public, "kid": kid, "use": "sig", "alg": _algorithm(key)}
