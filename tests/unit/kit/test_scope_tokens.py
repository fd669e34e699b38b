import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.contracts.identity import Role
from services.kit.scope import ScopeExpired, ScopeInvalid, ScopeMinter, ScopeVerifier

KEY = Ed25519PrivateKey.generate()
MINTER, VERIFIER = ScopeMinter(KEY), ScopeVerifier(KEY.public_key())
GOOD = {"user": "lena", "role": "learner", "case": "c", "case_version": "v", "aud": "caseloop"}


def signed(key: object = KEY, algorithm: str = "EdDSA", **changes: object) -> str:
    now = datetime.now(UTC)
    payload = {**GOOD, "iat": now, "exp": now + timedelta(days=1), **changes}
    return jwt.encode({k: v for k, v in payload.items() if v is not None}, key, algorithm=algorithm)  # type: ignore[arg-type]


def test_claims_come_back_as_minted():
    token = MINTER.mint(
        user="anna/ö",
        role=Role.MENTOR,
        case="clean-regression",
        case_version="a" * 64,
        subtask="load",
        ai_mode="none",
        strictness="strict",
        topics=("pandas", "leakage"),
    )
    claims = VERIFIER.verify(token)
    assert (claims.user, claims.role, claims.subtask, claims.ai_mode) == ("anna/ö", Role.MENTOR, "load", "none")
    assert (claims.strictness, claims.topics, claims.case_version) == ("strict", ("pandas", "leakage"), "a" * 64)
    left = claims.expires - datetime.now(UTC)
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)


def test_a_handmade_token_of_the_right_key_is_accepted():
    """So that the refusals below are for the reasons they state."""
    assert VERIFIER.verify(signed()).user == "lena"


def public_pem() -> bytes:
    return KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def hmac_with_the_public_key() -> str:
    import hashlib
    import hmac

    def part(data: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    body = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({**GOOD, 'iat': 0, 'exp': 9999999999})}"
    mac = hmac.new(public_pem(), body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def with_changed_payload() -> str:
    head, payload, signature = signed().split(".")
    data = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**data, "role": "admin"}).encode()).decode().rstrip("=")
    return f"{head}.{changed}.{signature}"


BAD = {
    "garbage": "x.y.z",
    "empty": "",
    "unsigned": jwt.encode({**GOOD, "exp": 9999999999, "iat": 0}, key="", algorithm="none"),
    "hmac with the public key": hmac_with_the_public_key(),
    "changed payload": with_changed_payload(),
    "another key": signed(Ed25519PrivateKey.generate()),
    "another audience": signed(aud="elsewhere"),
    "no audience": signed(aud=None),
    "no expiry": signed(exp=None),
    "no time of issue": signed(iat=None),
    "issued in the future": signed(iat=datetime.now(UTC) + timedelta(hours=1)),
    "no user": signed(user=None),
    "unknown role": signed(role="root"),
    "unknown claim": signed(admin=True),
    "huge": signed(topics=["x" * 10_000]),
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD.keys())
def test_a_token_that_is_not_one_of_ours_is_invalid(token):
    with pytest.raises(ScopeInvalid):
        VERIFIER.verify(token)


def test_an_expired_token_is_told_apart():
    with pytest.raises(ScopeExpired):
        VERIFIER.verify(signed(exp=datetime.now(UTC) - timedelta(seconds=1)))
