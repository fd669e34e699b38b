"""Who can open a backup: the holder of an age key, or whoever knows a passphrase."""

import base64
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from infra.backup import bech32
from infra.backup.errors import KeyRefused

_T = TypeVar("_T")
_X25519: Final = "X25519"
SCRYPT: Final = "scrypt"
_LABEL: Final = b"age-encryption.org/v1/"
_RECIPIENT: Final = "age"
_IDENTITY: Final = "age-secret-key-"
_ONCE: Final = bytes(12)
"""A nonce of zeros: each of these keys encrypts one thing, once."""
_WORK: Final = 18
"""Logarithm of scrypt's cost, as age itself has it: 256 MB and about a second."""
_MOST_WORK: Final = 20
_SHORTEST: Final = 12
"""Characters of a passphrase: whoever has the file may guess for years."""


@dataclass(frozen=True)
class Stanza:
    """One entry of an archive's head: the key of the file, locked for somebody."""

    arguments: tuple[str, ...]
    body: bytes


class Lock(Protocol):
    """What a backup is locked with."""

    def wrap(self, file_key: bytes) -> Stanza:
        """Lock the key of a file."""
        ...


class Opener(Protocol):
    """What a backup is opened with."""

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The key of the file, where this opens the stanza."""
        ...


@dataclass(frozen=True)
class Recipient:
    """A public key: whoever has it can lock, and open nothing."""

    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `age1…`. Raises KeyRefused."""
        return cls(_bytes_of(text, _RECIPIENT, "a recipient (age1…)"))

    def __str__(self) -> str:
        return bech32.encode(_RECIPIENT, self.public)

    def wrap(self, file_key: bytes) -> Stanza:
        """As `Lock.wrap`."""
        mine = X25519PrivateKey.generate()
        share = mine.public_key().public_bytes_raw()
        shared = mine.exchange(X25519PublicKey.from_public_bytes(self.public))
        return Stanza((_X25519, encoded(share)), _sealed(_agreed(shared, share, self.public), file_key))


@dataclass(frozen=True)
class Identity:
    """The private key of a recipient."""

    private: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new one."""
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `AGE-SECRET-KEY-1…`. Raises KeyRefused."""
        return cls(_bytes_of(text, _IDENTITY, "a private key (AGE-SECRET-KEY-1…)"))

    def secret_text(self) -> str:
        """As `parse` takes it: whoever reads it can open everything."""
        return bech32.encode(_IDENTITY, self.private).upper()

    @property
    def recipient(self) -> Recipient:
        """Its public half."""
        return Recipient(X25519PrivateKey.from_private_bytes(self.private).public_key().public_bytes_raw())

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """As `Opener.unwrap`."""
        if len(stanza.arguments) != 2 or stanza.arguments[0] != _X25519:
            return None
        try:
            share = decoded(stanza.arguments[1])
            mine = X25519PrivateKey.from_private_bytes(self.private)
            shared = mine.exchange(X25519PublicKey.from_public_bytes(share))
        except ValueError:
            return None
        return _opened(_agreed(shared, share, self.recipient.public), stanza.body)


@dataclass(frozen=True)
class Passphrase:
    """Words that lock and open; the machine that makes backups knows them, so it can open them too."""

    words: str = field(repr=False)
    work: int = _WORK
    """Logarithm of what a guess costs."""

    def wrap(self, file_key: bytes) -> Stanza:
        """As `Lock.wrap`."""
        salt = os.urandom(16)
        return Stanza((SCRYPT, encoded(salt), str(self.work)), _sealed(self._key(salt, self.work), file_key))

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """As `Opener.unwrap`."""
        if len(stanza.arguments) != 3 or stanza.arguments[0] != SCRYPT:
            return None
        _, salt, work = stanza.arguments
        # An archive must not choose how much memory is taken.
        if not (work.isascii() and work.isdigit() and 1 <= int(work) <= _MOST_WORK):
            return None
        try:
            return _opened(self._key(decoded(salt), int(work)), stanza.body)
        except ValueError:
            return None

    def _key(self, salt: bytes, work: int) -> bytes:
        made = Scrypt(salt=_LABEL + b"scrypt" + salt, length=32, n=1 << work, r=8, p=1)
        return made.derive(self.words.encode())


def read_recipients(named: Iterable[str]) -> tuple[Recipient, ...]:
    """Recipients from `age1…` or from files with one a line. Raises KeyRefused."""
    found: list[Recipient] = []
    for one in named:
        found += [Recipient.parse(one)] if one.startswith("age1") else _each(Path(one), Recipient.parse, "recipient")
    return tuple(found)


def read_identities(file: Path) -> tuple[Identity, ...]:
    """Private keys from a file, as `caseloop backup keygen` or age-keygen writes it. Raises KeyRefused."""
    _require_closed(file)
    return tuple(_each(file, Identity.parse, "private key"))


def read_passphrase(file: Path) -> Passphrase:
    """A passphrase from the first line of a file. Raises KeyRefused."""
    _require_closed(file)
    return new_passphrase(_text(file).partition("\n")[0].strip())


def new_passphrase(words: str) -> Passphrase:
    """Raises KeyRefused for one that is soon guessed."""
    if len(words) < _SHORTEST:
        raise KeyRefused(f"a passphrase has {_SHORTEST} characters at least: whoever gets the file may guess for years")
    return Passphrase(words, _WORK)


def encoded(data: bytes) -> str:
    """Base64 as age writes it, without its padding."""
    return base64.b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Raises ValueError for anything but what `encoded` writes."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    if encoded(data) != text:
        raise ValueError("it is no base64 as age writes it")
    return data


def derived(key: bytes, salt: bytes, label: bytes) -> bytes:
    """HKDF-SHA-256, 32 bytes."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=label).derive(key)


def _agreed(shared: bytes, share: bytes, public: bytes) -> bytes:
    return derived(shared, share + public, _LABEL + b"X25519")


def _sealed(key: bytes, file_key: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(_ONCE, file_key, None)


def _opened(key: bytes, body: bytes) -> bytes | None:
    try:
        return ChaCha20Poly1305(key).decrypt(_ONCE, body, None)
    except InvalidTag:
        return None


def _bytes_of(text: str, prefix: str, what: str) -> bytes:
    try:
        found, data = bech32.decode(text)
    except ValueError as error:
        raise KeyRefused(f"this is not {what}: {error}") from None
    if found != prefix or len(data) != 32:
        raise KeyRefused(f"this is not {what}")
    return data


def _each(file: Path, parse: Callable[[str], _T], what: str) -> Sequence[_T]:
    """One of each line that is neither empty nor a remark."""
    found = []
    for number, line in enumerate(_text(file).splitlines(), start=1):
        if (text := line.strip()) and not text.startswith("#"):
            try:
                found.append(parse(text))
            except KeyRefused as error:
                raise KeyRefused(f"{file}, line {number}: {error}") from None
    if not found:
        raise KeyRefused(f"{file} holds no {what}; `caseloop backup keygen` makes a pair")
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise KeyRefused(f"{file} cannot be read: {reason}") from None


def _require_closed(file: Path) -> None:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError as error:
        raise KeyRefused(f"{file} cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise KeyRefused(
            f"{file} is open to other users (mode {mode:o}): whoever read it can open your backups; chmod 600"
        )
