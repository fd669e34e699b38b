"""The Hub's side of a sign-in, as strict as the Hub: codes count once, the client, its secret and PKCE are checked."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx

SECRET = "the desk's secret"
MENTOR = ("access:services!service=caseloop", "custom:caseloop:mentor", "read:users:name!user=mona")
QA = ("access:services!service=caseloop", "custom:caseloop:qa")
ADMIN = (*MENTOR, "custom:caseloop:admin")
NOBODY = ("access:services!service=caseloop",)


@dataclass
class HubDouble:
    """What the Hub knows; tests read and change it."""

    people: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"mona": MENTOR, "root": ADMIN, "lena": NOBODY, "theo": MENTOR, "quinn": QA}
    )
    """Person -> scopes that a token of the desk gets."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Token -> person."""
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Code -> person and challenge."""
    asked: list[str] = field(default_factory=list)
    down: bool = False
    address: str = ""
    """Where browsers find it, as far as the desk has to say so."""
    redirect_uri: str = "/services/caseloop/oauth_callback"
    """As it was told the desk's."""

    def authorize(self, location: str, person: str) -> str:
        """What the Hub's authorize page does once the person is known: the address that the browser is sent to."""
        parts = urlsplit(location)
        asked = dict(parse_qsl(parts.query))
        assert parts.path == "/hub/api/oauth2/authorize"
        assert location.startswith(f"{self.address}/hub/")
        assert asked["client_id"] == "service-caseloop"
        assert asked["redirect_uri"] == self.redirect_uri
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = secrets.token_urlsafe(12)
        self.codes[code] = (person, asked["code_challenge"])
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}"

    def transport(self) -> httpx.MockTransport:
        async def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append(f"{request.method} {request.url.path}")
            if self.down:
                raise httpx.ConnectError("no such socket")
            if request.url.path == "/hub/api/oauth2/token":
                return self._exchange(parse_qs(request.content.decode()))
            token = request.headers["Authorization"].removeprefix("token ")
            person = self.tokens.get(token)
            if person is None:
                return httpx.Response(403, json={"message": "Forbidden"})
            if request.method == "DELETE":
                # a token of the desk may delete its person's own tokens, itself among them
                assert request.url.path == f"/hub/api/users/{person}/tokens/a{token[:8]}"
                # as the Hub does: all tokens of the client go together
                self.tokens = {other: owner for other, owner in self.tokens.items() if owner != person}
                return httpx.Response(204)
            return httpx.Response(
                200,
                json={
                    "kind": "user",
                    "name": person,
                    "groups": ["mentors"],
                    "scopes": self.people[person],
                    "token_id": f"a{token[:8]}",
                },
            )

        return httpx.MockTransport(answer)

    def _exchange(self, form: dict[str, list[str]]) -> httpx.Response:
        known = self.codes.pop(form["code"][0], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"][0].encode()).digest()).rstrip(b"=")
        right = (
            known is not None
            and known[1] == challenge.decode()
            and form["client_id"] == ["service-caseloop"]
            and form["client_secret"] == [SECRET]
            and form["grant_type"] == ["authorization_code"]
            and form["redirect_uri"] == [self.redirect_uri]
        )
        if not right or known is None:
            return httpx.Response(400, json={"error": "invalid_grant"})
        token = secrets.token_hex(16)
        self.tokens[token] = known[0]
        return httpx.Response(200, json={"access_token": token, "token_type": "Bearer", "scope": ""})
