"""Tokens that a provider has signed and that are still none for us, and keys that must not count.

What forgers can do from outside, how keys change and what a provider's absence does:
`tests/contracts/test_openid_tokens.py`, with the tokens of a real provider.
"""

import base64
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from services.kit.oidc import BearerInvalid, BearerTokens, ProviderUnavailable
from tests.openid_double import RSA, OpenIdDouble

ISSUER = "https://keycloak.test/realms/caseloop"


@pytest.fixture
def provider() -> OpenIdDouble:
    return OpenIdDouble(ISSUER)


@pytest.fixture
async def tokens(provider: OpenIdDouble):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(provider.app())) as http:
        yield BearerTokens(http, ISSUER, "caseloop-desk")


def part(content: Any) -> str:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def looks(provider: OpenIdDouble) -> int:
    return sum(path.endswith("/certs") for path in provider.requests)


async def test_a_good_token_says_who_sends_it(provider, tokens):
    bearer = await tokens.verify(f"Bearer {provider.token(scope='a b', roles=['admin', 'qa'])}")
    assert (bearer.subject, bearer.name, bearer.client) == ("f-1", "service-account-caseloop-cli", "caseloop-cli")
    assert bearer.roles == {"admin", "qa"}
    assert bearer.scopes == {"a", "b"}


ATTACKS = {
    "another algorithm of the same key": lambda p: jwt.encode(p.claims(), RSA, "RS512", headers={"kid": "k1"}),
    "no name of a key": lambda p: jwt.encode(p.claims(), RSA, "RS256"),
    "an unknown name of a key": lambda p: jwt.encode(p.claims(), RSA, "RS256", headers={"kid": "k9"}),
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
    "a megabyte": lambda p: p.token(scope="x" * 1_000_000),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_what_is_not_the_providers_word_to_us_opens_nothing(provider, tokens, attack):
    await tokens.verify(f"Bearer {provider.token()}")
    with pytest.raises(BearerInvalid):
        await tokens.verify(f"Bearer {ATTACKS[attack](provider)}")
    assert looks(provider) == 1


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


async def test_one_that_calls_itself_otherwise_is_not_believed():
    other = OpenIdDouble("https://evil.test/realms/caseloop")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(other.app())) as http:
        with pytest.raises(ProviderUnavailable):
            await BearerTokens(http, ISSUER, "caseloop-desk").verify(f"Bearer {other.token()}")


async def test_keys_on_a_plain_address_are_not_fetched():
    plain = OpenIdDouble(ISSUER.replace("https", "http"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(plain.app())) as http:
        with pytest.raises(ProviderUnavailable):
            await BearerTokens(http, plain.issuer, "caseloop-desk").verify(f"Bearer {plain.token()}")
    assert looks(plain) == 0
