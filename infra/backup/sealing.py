"""Encryption of a stream by the age format, version 1 (age-encryption.org/v1), over the primitives of `cryptography`.

64 KiB at a time, each authenticated with its place and whether it is the last, so that nothing of what was changed,
moved or cut off is ever given out as if it were whole. `age --decrypt` opens these files as well.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import BinaryIO, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from infra.backup.errors import ArchiveRefused
from infra.backup.keys import SCRYPT, Lock, Opener, Stanza, decoded, derived, encoded

_VERSION: Final = b"age-encryption.org/v1\n"
_MARK: Final = b"-> "
_END: Final = b"---"
_COLUMNS: Final = 64
_CHUNK: Final = 64 * 1024
_TAG: Final = 16
_NONCE: Final = 16
_KEY: Final = 16
_LONGEST_HEAD: Final = 64 * 1024
_NO_HEAD: Final = "it does not begin as an encrypted backup"


class Sealed:
    """A stream to write into. What was written is an archive only after `finish`."""

    def __init__(self, out: BinaryIO, locks: Sequence[Lock]) -> None:
        file_key, nonce = os.urandom(_KEY), os.urandom(_NONCE)
        head = b"".join([_VERSION, *(_written(lock.wrap(file_key)) for lock in locks), _END])
        out.write(head + b" " + encoded(_mac(file_key, head)).encode() + b"\n" + nonce)
        self._out, self._cipher = out, ChaCha20Poly1305(derived(file_key, nonce, b"payload"))
        self._waiting, self._count, self._abandoned = bytearray(), 0, False

    def write(self, data: bytes) -> int:
        """Encrypt; the last chunk is kept back until more comes, or the end."""
        if self._abandoned:
            return len(data)
        self._waiting += data
        while len(self._waiting) > _CHUNK:
            self._put(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]
        return len(data)

    def flush(self) -> None:
        """Nothing to do: chunks are written when they are full."""

    def abandon(self) -> None:
        """Take no more: whoever wrote here would do so once again when it is thrown away."""
        self._abandoned = True

    def finish(self) -> None:
        """Write the end. Without it nobody takes the file for a whole one."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._count, last), chunk, None))
        self._count += 1


class Readable(Protocol):
    """A file that is read from its beginning to its end."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        ...

    def readline(self, size: int, /) -> bytes:
        """A line, or its first `size` bytes."""
        ...


class Unsealed:
    """A stream to read from, every byte of it authentic. Raises ArchiveRefused, also for a file that ends too early."""

    def __init__(self, file: Readable, openers: Sequence[Opener]) -> None:
        head, stanzas, mac = _read_head(file)
        file_key = _file_key(stanzas, openers)
        if not hmac.compare_digest(_mac(file_key, head), mac):
            raise ArchiveRefused("its head was changed")
        nonce = file.read(_NONCE)
        if len(nonce) != _NONCE:
            raise ArchiveRefused("it ends too early")
        self._file, self._cipher = file, ChaCha20Poly1305(derived(file_key, nonce, b"payload"))
        self._next, self._plain, self._count, self._ended = file.read(_CHUNK + _TAG), b"", 0, False
        self._at = 0

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        if self._at == len(self._plain) and not self._ended:
            self._plain, self._at = self._chunk(), 0
        part = self._plain[self._at : self._at + size]
        self._at += len(part)
        return part

    def drain(self) -> None:
        """Read to the end, so that the end is known to be there."""
        while self.read(_CHUNK):
            pass

    def _chunk(self) -> bytes:
        chunk, self._next = self._next, self._file.read(_CHUNK + _TAG)
        last = not self._next
        try:
            plain = self._cipher.decrypt(_nonce(self._count, last), chunk, None)
        except InvalidTag:
            raise ArchiveRefused("it was changed, or it ends too early: take another copy of it") from None
        if not plain and self._count:
            raise ArchiveRefused("its end is not as age writes it")
        self._count += 1
        self._ended = last
        return plain


def _nonce(count: int, last: bool) -> bytes:
    return count.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _mac(file_key: bytes, head: bytes) -> bytes:
    return hmac.new(derived(file_key, b"", b"header"), head, hashlib.sha256).digest()


def _written(stanza: Stanza) -> bytes:
    body = encoded(stanza.body)
    # A line that is not full ends the body, so a body of full lines is followed by an empty one.
    lines = [body[at : at + _COLUMNS] for at in range(0, len(body) + 1, _COLUMNS)]
    return _MARK + " ".join(stanza.arguments).encode() + b"\n" + "".join(f"{line}\n" for line in lines).encode()


def _read_head(file: Readable) -> tuple[bytes, list[Stanza], bytes]:
    """What the code of the head is made over, its stanzas, and the code."""
    if file.read(len(_VERSION)) != _VERSION:
        raise ArchiveRefused(_NO_HEAD)
    head, stanzas = _VERSION, list[Stanza]()
    while True:
        line = _line(file)
        if line.startswith(_END + b" "):
            return head + _END, stanzas, _decoded(line[len(_END) + 1 : -1])
        if not line.startswith(_MARK):
            raise ArchiveRefused(_NO_HEAD)
        head += line
        arguments = tuple(line[len(_MARK) : -1].decode("ascii", "replace").split(" "))
        body = b""
        while True:
            part = _line(file)
            head += part
            body += part[:-1]
            if len(part) <= _COLUMNS:
                break
            if len(head) > _LONGEST_HEAD:
                raise ArchiveRefused(_NO_HEAD)
        stanzas.append(Stanza(arguments, _decoded(body)))
        if len(head) > _LONGEST_HEAD:
            raise ArchiveRefused(_NO_HEAD)


def _line(file: Readable) -> bytes:
    line = file.readline(_LONGEST_HEAD)
    if not line.endswith(b"\n"):
        raise ArchiveRefused(_NO_HEAD)
    return line


def _decoded(text: bytes) -> bytes:
    try:
        return decoded(text.decode("ascii"))
    except ValueError:
        raise ArchiveRefused(_NO_HEAD) from None


def _file_key(stanzas: Sequence[Stanza], openers: Sequence[Opener]) -> bytes:
    if len(stanzas) > 1 and any(stanza.arguments[0] == SCRYPT for stanza in stanzas):
        raise ArchiveRefused("a passphrase is not its only lock: age makes no such file")
    for stanza in stanzas:
        for opener in openers:
            key = opener.unwrap(stanza)
            if key is not None and len(key) == _KEY:
                return key
    kinds = ", ".join(sorted({stanza.arguments[0] for stanza in stanzas})) or "nothing"
    by = "a passphrase" if kinds == SCRYPT else "another key" if kinds == "X25519" else kinds
    raise ArchiveRefused(f"what was given does not open it: it is locked with {by}, or that one is wrong")
