"""Who is signed in, by cookie: rows that survive a restart and give nothing away to whoever reads the file."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, select

from services.gateway.dashboard.models import SessionRow
from services.kit.database import Database

_MOST: Final = 20
"""Sessions of one person; older ones end."""
_NONCE_BYTES: Final = 12


@dataclass(frozen=True)
class Session:
    """One browser that is signed in."""

    person: str
    token: str
    """The Hub's token of this sign-in."""
    xsrf: str
    """What a request that changes something must send along."""


def utc_now() -> datetime:
    """Say what time it is."""
    return datetime.now(UTC)


class Sessions:
    """The table of sessions."""

    def __init__(self, db: Database, lifetime: timedelta, clock: Callable[[], datetime] = utc_now) -> None:
        self._db, self._lifetime, self._clock = db, lifetime, clock

    async def begin(self, person: str, token: str) -> str:
        """Keep a new session and return its cookie, which nobody else keeps. Expired sessions go."""
        cookie, now = secrets.token_urlsafe(32), self._clock()
        row = SessionRow(
            cookie=_digest(cookie),
            person=person,
            token=_sealed(token, cookie),
            begun=now,
            expires=now + self._lifetime,
        )
        newest = select(SessionRow.cookie).where(SessionRow.person == person).order_by(SessionRow.begun.desc())
        async with self._db.write() as session:
            await session.execute(delete(SessionRow).where(SessionRow.expires <= now))
            session.add(row)
            await session.flush()
            surplus = (await session.scalars(newest.offset(_MOST))).all()
            await session.execute(delete(SessionRow).where(SessionRow.cookie.in_(surplus)))
        return cookie

    async def of(self, cookie: str) -> Session | None:
        """The session of a cookie, or None when there is none (any more)."""
        async with self._db.read(brief=True) as session:
            row = await session.get(SessionRow, _digest(cookie))
        if row is None or row.expires <= self._clock():
            return None
        token = _opened(row.token, cookie)
        return None if token is None else Session(row.person, token, _xsrf(cookie))

    async def end_all(self, person: str) -> None:
        """Forget all sessions of a person."""
        async with self._db.write() as session:
            await session.execute(delete(SessionRow).where(SessionRow.person == person))


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def _derived(cookie: str, purpose: bytes) -> bytes:
    # The cookie has 256 random bits, so one HMAC a purpose is all the derivation it takes.
    return hmac.digest(cookie.encode(), purpose, "sha256")


def _xsrf(cookie: str) -> str:
    return _derived(cookie, b"xsrf").hex()


def _sealed(token: str, cookie: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(_derived(cookie, b"token")).encrypt(nonce, token.encode(), None)


def _opened(sealed: bytes, cookie: str) -> str | None:
    try:
        nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return AESGCM(_derived(cookie, b"token")).decrypt(nonce, text, None).decode()
    except (InvalidTag, ValueError):
        return None
