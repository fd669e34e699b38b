"""Access tokens of programs, and what is forged from them: of a double, and of a real OpenID provider over TLS.

The real one is the certified provider from npm, or the Keycloak that CASELOOP_TEST_KEYCLOAK_ADDRESS names.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.keycloak.realm import PROGRAM
from services.contracts.identity import Role
from services.kit.oidc import KEPT_SECONDS, PAUSE_SECONDS, BearerInvalid, BearerTokens, ProviderUnavailable
from tests.openid_double import OpenIdDouble
from tests.openid_provider.ports import AUDIENCE, OpenIdProvider

Provider = OpenIdDouble | OpenIdProvider
OWN = rsa.generate_private_key(public_exponent=65537, key_size=2048)
"""A forger's."""


class Line(httpx.AsyncBaseTransport):
    """The way to the provider, which can be cut."""

    def __init__(self, way: httpx.AsyncBaseTransport) -> None:
        self._way = way
        self.asked: list[str] = []
        self.cut = False

    @property
    def looks(self) -> int:
        """How often the keys were asked for."""
        return sum(path.endswith("/certs") for path in self.asked)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.cut:
            raise httpx.ConnectError("cut", request=request)
        return await self._way.handle_async_request(request)

    async def aclose(self) -> None:
        await self._way.aclose()


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["double", "real provider"])
def provider(request: pytest.FixtureRequest) -> Provider:
    if request.param == "double":
        return OpenIdDouble("https://keycloak.test/realms/caseloop")
    real: OpenIdProvider = request.getfixturevalue("openid_provider")
    return real


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def line(provider: Provider) -> AsyncIterator[Line]:
    if isinstance(provider, OpenIdDouble):
        way: httpx.AsyncBaseTransport = httpx.ASGITransport(provider.app())
    else:
        way = httpx.AsyncHTTPTransport(verify=provider.context())
    async with Line(way) as made:
        yield made


@pytest.fixture
async def tokens(provider: Provider, line: Line, clock: Clock) -> AsyncIterator[BearerTokens]:
    async with httpx.AsyncClient(transport=line) as http:
        yield BearerTokens(http, provider.issuer, AUDIENCE, now=clock)


async def test_a_token_says_who_sends_it(provider, tokens):
    bearer = await tokens.verify(f"Bearer {provider.program_token()}")
    assert (bearer.client, bearer.name) == (PROGRAM, f"service-account-{PROGRAM}")
    assert bearer.subject
    assert bearer.roles & {role.value for role in Role} == {"admin"}
    assert 0 < bearer.expires - time.time() <= 301


async def test_a_token_for_somebody_else_opens_nothing(provider, line, clock):
    async with httpx.AsyncClient(transport=line) as http:
        with pytest.raises(BearerInvalid):
            await BearerTokens(http, provider.issuer, "not-the-desk", now=clock).verify(
                f"Bearer {provider.program_token()}"
            )


async def test_another_scheme_opens_nothing(provider, tokens):
    token = provider.program_token()
    for header in ("", token, f"Basic {token}", f"token {token}", f"Bearer {token}, {token}"):
        with pytest.raises(BearerInvalid):
            await tokens.verify(header)


def part(content: Any) -> str:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Forger:
    """Has one good token and the published key, and what he needs to sign by himself."""

    def __init__(self, token: str, key: Any) -> None:
        self.token, self.head = token, jwt.get_unverified_header(token)
        self.claims = jwt.decode(token, options={"verify_signature": False})
        self._key = key

    def unsigned(self, algorithm: str, signature: str = "") -> str:
        return f"{part({**self.head, 'alg': algorithm})}.{part(self.claims)}.{signature}"

    def with_the_public_key(self) -> str:
        pem = self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        signed = self.unsigned("HS256").removesuffix(".")
        return f"{signed}.{part(hmac.digest(pem, signed.encode(), hashlib.sha256))}"

    def by_himself(self, **header: Any) -> str:
        return jwt.encode(self.claims, OWN, algorithm="RS256", headers={"kid": self.head["kid"], **header})

    def changed(self, **claims: Any) -> str:
        head, _, signature = self.token.split(".")
        return f"{head}.{part({**self.claims, **claims})}.{signature}"

    def cut(self) -> str:
        return self.token.rpartition(".")[0] + "."


OWN_PUBLIC = jwt.get_algorithm_by_name("RS256").to_jwk(OWN.public_key(), as_dict=True)
FORGED = {
    "no algorithm": lambda f: f.unsigned("none"),
    "no algorithm, spelt otherwise": lambda f: f.unsigned("nOnE"),
    "no algorithm with something for a signature": lambda f: f.unsigned("none", "x"),
    "its signature cut off": Forger.cut,
    "HS256 with the public key": Forger.with_the_public_key,
    "a key of one's own under a known name": Forger.by_himself,
    "a key set of one's own": lambda f: f.by_himself(jku="https://evil.test/keys"),
    "a key of one's own inside": lambda f: f.by_himself(jwk=OWN_PUBLIC),
    "a key of one's own under a name of its own": lambda f: f.by_himself(kid="mine", jwk=OWN_PUBLIC),
    "a path for a name": lambda f: f.by_himself(kid="../../etc/passwd"),
    "more roles": lambda f: f.changed(roles=["admin", "mentor"]),
    "a longer life": lambda f: f.changed(exp=int(time.time()) + 86_400),
    "garbage": lambda f: "a.b.c",
    "nothing": lambda f: "",
    "a megabyte": lambda f: f.token + "x" * 1_000_000,
}


@pytest.mark.parametrize("way", FORGED)
async def test_what_is_forged_opens_nothing(provider, tokens, line, way):
    good = provider.program_token()
    await tokens.verify(f"Bearer {good}")
    forger = Forger(good, tokens._keys[jwt.get_unverified_header(good)["kid"]].key)
    with pytest.raises(BearerInvalid):
        await tokens.verify(f"Bearer {FORGED[way](forger)}")
    await tokens.verify(f"Bearer {good}")
    assert line.looks == 1


class TestRotation:
    async def test_a_new_key_counts_after_one_look_and_the_old_one_goes_on(self, provider, tokens, line, clock):
        old = provider.program_token()
        await tokens.verify(f"Bearer {old}")
        provider.rotate()
        clock.now += PAUSE_SECONDS
        new = provider.program_token()
        assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
        assert (await tokens.verify(f"Bearer {new}")).client == PROGRAM
        await tokens.verify(f"Bearer {old}")
        assert line.looks == 2

    async def test_a_key_that_was_withdrawn_counts_ten_minutes_at_most(self, provider, tokens, clock):
        old = provider.program_token()
        await tokens.verify(f"Bearer {old}")
        provider.rotate(withdraw=True)
        clock.now += KEPT_SECONDS
        with pytest.raises(BearerInvalid):
            await tokens.verify(f"Bearer {old}")
        await tokens.verify(f"Bearer {provider.program_token()}")

    async def test_keys_of_different_kinds_count_side_by_side(self, openid_provider, clock):
        if not openid_provider.says_anything:
            pytest.skip("our realm signs with RS256")
        async with httpx.AsyncClient(verify=openid_provider.context(), trust_env=False) as http:
            tokens = BearerTokens(http, openid_provider.issuer, AUDIENCE, now=clock)
            old = openid_provider.program_token()
            openid_provider.rotate(algorithm="ES256")
            new = openid_provider.program_token()
            openid_provider.rotate()
            for token in (old, new, openid_provider.program_token()):
                await tokens.verify(f"Bearer {token}")
        assert [jwt.get_unverified_header(token)["alg"] for token in (old, new)] == ["RS256", "ES256"]

    async def test_made_up_key_ids_do_not_become_requests(self, provider, tokens, line, clock):
        good = provider.program_token()
        await tokens.verify(f"Bearer {good}")
        clock.now += PAUSE_SECONDS
        forger = Forger(good, None)
        invented = [forger.by_himself(kid=f"x{number}") for number in range(40)]
        answers = await asyncio.gather(*(tokens.verify(f"Bearer {t}") for t in invented), return_exceptions=True)
        assert {type(answer) for answer in answers} == {BearerInvalid}
        assert line.looks == 2

    async def test_the_first_callers_come_together_and_look_once(self, provider, tokens, line):
        good = provider.program_token()
        await asyncio.gather(*(tokens.verify(f"Bearer {good}") for _ in range(20)))
        assert line.looks == 1


class TestAbsence:
    async def test_known_keys_go_on_while_the_provider_is_away(self, provider, tokens, line, clock):
        good = provider.program_token()
        await tokens.verify(f"Bearer {good}")
        line.cut = True
        clock.now += KEPT_SECONDS
        for _ in range(3):
            await tokens.verify(f"Bearer {good}")
        assert sum(path.endswith("configuration") for path in line.asked) == 2

    async def test_without_any_key_it_is_our_fault_and_not_the_callers(self, provider, tokens, line, clock):
        good = provider.program_token()
        line.cut = True
        for _ in range(3):
            with pytest.raises(ProviderUnavailable):
                await tokens.verify(f"Bearer {good}")
        assert sum(path.endswith("configuration") for path in line.asked) == 1
        line.cut = False
        clock.now += PAUSE_SECONDS
        await tokens.verify(f"Bearer {good}")
