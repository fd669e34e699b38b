"""Tokens of an OpenID provider: what opens, what does not, and how keys change."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from services.kit.oidc import KEPT_SECONDS, PAUSE_SECONDS, BearerInvalid, BearerTokens, ProviderUnavailable
from tests.openid_double import RSA, OpenIdDouble

ISSUER = "https://keycloak.test/realms/caseloop"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> OpenIdDouble:
    return OpenIdDouble(ISSUER)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def tokens(provider: OpenIdDouble, clock: Clock):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(provider.app())) as http:
        yield BearerTokens(http, ISSUER, "caseloop-desk", now=clock)


def part(content: Any) -> str:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_pem() -> bytes:
    return RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def looks(provider: OpenIdDouble) -> int:
    return sum(path.endswith("/certs") for path in provider.requests)


async def test_a_good_token_says_who_sends_it(provider, tokens):
    bearer = await tokens.verify(f"Bearer {provider.token(scope='a b', roles=['admin', 'qa'])}")
    assert (bearer.subject, bearer.name, bearer.client) == ("f-1", "service-account-caseloop-cli", "caseloop-cli")
    assert bearer.roles == {"admin", "qa"}
    assert bearer.scopes == {"a", "b"}


def unsigned(provider: OpenIdDouble, algorithm: str) -> str:
    return f"{part({'alg': algorithm, 'kid': 'k1', 'typ': 'JWT'})}.{part(provider.claims())}."


def signed_with_the_public_key(provider: OpenIdDouble) -> str:
    head = f"{part({'alg': 'HS256', 'kid': 'k1', 'typ': 'JWT'})}.{part(provider.claims())}"
    return f"{head}.{part(hmac.digest(public_pem(), head.encode(), hashlib.sha256))}"


def by_somebody_else(provider: OpenIdDouble, **header: Any) -> str:
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(provider.claims(), own, algorithm="RS256", headers={"kid": "k1", **header})


def with_own_key_inside(provider: OpenIdDouble) -> str:
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = jwt.get_algorithm_by_name("RS256").to_jwk(own.public_key(), as_dict=True)
    return jwt.encode(provider.claims(), own, algorithm="RS256", headers={"kid": "k1", "jwk": public})


def changed(provider: OpenIdDouble) -> str:
    head, _, signature = provider.token(roles=[]).split(".")
    return f"{head}.{part(provider.claims(roles=['admin']))}.{signature}"


ATTACKS = {
    "no algorithm": lambda p: unsigned(p, "none"),
    "no algorithm, spelt otherwise": lambda p: unsigned(p, "nOnE"),
    "no algorithm with something for a signature": lambda p: unsigned(p, "none") + "x",
    "HS256 with the public key": signed_with_the_public_key,
    "a key of one's own under a known name": by_somebody_else,
    "a key set of one's own": lambda p: by_somebody_else(p, jku="https://evil.test/keys"),
    "a key of one's own inside": with_own_key_inside,
    "another payload": changed,
    "another algorithm of the same key": lambda p: jwt.encode(p.claims(), RSA, "RS512", headers={"kid": "k1"}),
    "no name of a key": lambda p: jwt.encode(p.claims(), RSA, "RS256"),
    "an unknown name of a key": lambda p: jwt.encode(p.claims(), RSA, "RS256", headers={"kid": "k9"}),
    "a path for a name": lambda p: jwt.encode(p.claims(), RSA, "RS256", headers={"kid": "../../etc/passwd"}),
    "another audience": lambda p: p.token(aud="account"),
    "no audience": lambda p: p.token(aud=None),
    "another realm": lambda p: p.token(iss="https://keycloak.test/realms/master"),
    "an issuer that begins like ours": lambda p: p.token(iss=f"{ISSUER}.evil.test"),
    "no issuer": lambda p: p.token(iss=None),
    "expired": lambda p: p.token(exp=int(time.time()) - 60),
    "without end": lambda p: p.token(exp=None),
    "not valid yet": lambda p: p.token(nbf=int(time.time()) + 300),
    "from the future": lambda p: p.token(iat=int(time.time()) + 300),
    "nobody's": lambda p: p.token(sub=None),
    "an ID token": lambda p: p.token(typ="ID"),
    "a refresh token": lambda p: p.token(typ="Refresh"),
    "roles that are a text": lambda p: p.token(roles="admin"),
    "roles that are no names": lambda p: p.token(roles=[{"admin": True}]),
    "a payload that is no object": lambda p: f"{part({'alg': 'RS256', 'kid': 'k1'})}.{part([1])}.{part(b'x')}",
    "garbage": lambda p: "a.b.c",
    "two tokens": lambda p: f"{p.token()}, {p.token()}",
    "nothing": lambda p: "",
    "a megabyte": lambda p: p.token(scope="x" * 1_000_000),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_what_is_not_the_providers_word_to_us_opens_nothing(provider, tokens, attack):
    await tokens.verify(f"Bearer {provider.token()}")
    with pytest.raises(BearerInvalid):
        await tokens.verify(f"Bearer {ATTACKS[attack](provider)}")
    assert looks(provider) == 1


async def test_another_scheme_opens_nothing(provider, tokens):
    for header in ("", provider.token(), f"Basic {provider.token()}", f"token {provider.token()}"):
        with pytest.raises(BearerInvalid):
            await tokens.verify(header)


@pytest.mark.parametrize("key", ["symmetric", "short", "for encryption"])
async def test_keys_that_must_not_sign_are_not_taken_up(provider, tokens, monkeypatch, key):
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    set_of_keys = {
        "symmetric": {"kty": "oct", "k": part(b"x" * 32), "kid": "bad", "alg": "HS256", "use": "sig"},
        "short": {**jwt.get_algorithm_by_name("RS256").to_jwk(short.public_key(), as_dict=True), "kid": "bad"},
        "for encryption": {**provider.published()["keys"][0], "kid": "bad", "use": "enc"},
    }
    good = provider.published()["keys"]
    monkeypatch.setattr(provider, "published", lambda: {"keys": [set_of_keys[key], {"kty": "??"}, *good]})
    await tokens.verify(f"Bearer {provider.token()}")
    assert list(tokens._keys) == ["k1"]


class TestRotation:
    async def test_a_new_key_counts_after_one_look_and_the_old_one_goes_on(self, provider, tokens, clock):
        old = provider.token()
        await tokens.verify(f"Bearer {old}")
        provider.rotate()
        clock.now += PAUSE_SECONDS
        assert (await tokens.verify(f"Bearer {provider.token()}")).subject == "f-1"
        await tokens.verify(f"Bearer {old}")
        assert looks(provider) == 2

    async def test_a_key_that_was_withdrawn_counts_ten_minutes_at_most(self, provider, tokens, clock):
        old = provider.token()
        await tokens.verify(f"Bearer {old}")
        provider.rotate(withdraw=True)
        clock.now += KEPT_SECONDS
        with pytest.raises(BearerInvalid):
            await tokens.verify(f"Bearer {old}")

    async def test_made_up_key_ids_do_not_become_requests(self, provider, tokens, clock):
        await tokens.verify(f"Bearer {provider.token()}")
        clock.now += PAUSE_SECONDS
        invented = [jwt.encode(provider.claims(), RSA, "RS256", headers={"kid": f"x{n}"}) for n in range(40)]
        answers = await asyncio.gather(*(tokens.verify(f"Bearer {t}") for t in invented), return_exceptions=True)
        assert {type(answer) for answer in answers} == {BearerInvalid}
        assert looks(provider) == 2

    async def test_the_first_callers_come_together_and_look_once(self, provider, tokens):
        await asyncio.gather(*(tokens.verify(f"Bearer {provider.token()}") for _ in range(20)))
        assert looks(provider) == 1


class TestProvider:
    async def test_known_keys_go_on_while_it_is_away(self, provider, tokens, clock):
        await tokens.verify(f"Bearer {provider.token()}")
        provider.down = True
        clock.now += KEPT_SECONDS
        for _ in range(3):
            await tokens.verify(f"Bearer {provider.token()}")
        assert sum(path.endswith("configuration") for path in provider.requests) == 2

    async def test_without_any_key_it_is_our_fault_and_not_the_callers(self, provider, tokens, clock):
        provider.down = True
        for _ in range(3):
            with pytest.raises(ProviderUnavailable):
                await tokens.verify(f"Bearer {provider.token()}")
        assert sum(path.endswith("configuration") for path in provider.requests) == 1
        provider.down = False
        clock.now += PAUSE_SECONDS
        await tokens.verify(f"Bearer {provider.token()}")

    async def test_one_that_calls_itself_otherwise_is_not_believed(self, clock):
        other = OpenIdDouble("https://evil.test/realms/caseloop")
        async with httpx.AsyncClient(transport=httpx.ASGITransport(other.app())) as http:
            with pytest.raises(ProviderUnavailable):
                await BearerTokens(http, ISSUER, "caseloop-desk", now=clock).verify(f"Bearer {other.token()}")

    async def test_keys_on_a_plain_address_are_not_fetched(self, provider, clock, monkeypatch):
        plain = OpenIdDouble(ISSUER.replace("https", "http"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(plain.app())) as http:
            with pytest.raises(ProviderUnavailable):
                await BearerTokens(http, plain.issuer, "caseloop-desk", now=clock).verify(f"Bearer {plain.token()}")
        assert looks(plain) == 0
