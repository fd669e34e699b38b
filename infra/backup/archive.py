"""The members of an archive: a tar, compressed, inside the encryption (`age -d FILE | tar -tz` lists it).

The last member says how many there are and what all of them hash to. Whoever has a public key can make an archive, so a
reader trusts no name, kind or size in it.
"""

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, BinaryIO, Final, Protocol, Self, cast

from infra.backup.errors import ArchiveRefused
from infra.backup.manifest import End, Head, read_end, read_head
from infra.backup.sealing import Sealed, Unsealed

HEAD: Final = "caseloop.json"
END: Final = "end.json"
PART: Final = 1024 * 1024
"""Bytes that are in memory at a time."""
_BLOCKS: Final = 256 * 1024
_LEVEL: Final = 5
"""Of compression: what is gained beyond takes twice the time."""
_LONGEST_DOCUMENT: Final = 1024 * 1024
_LONGEST_EXTRA: Final = 64 * 1024
"""Bytes that tar may use for one member's long name."""
_LONGEST_NAME: Final = 255
_LAST_MOMENT: Final = 2**33
"""Seconds; in the year 2242."""
_DEEPEST: Final = 128
_ESCAPED: Final = "surrogateescape"
"""Names of learners' files may be any bytes."""
_EXTRAS: Final = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class Kind(Enum):
    """What a member is; nothing else is taken."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


class Content(Protocol):
    """What a member's bytes are read from."""

    def read(self, size: int = ..., /) -> bytes:
        """Up to `size` bytes; none at the end."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 of what was read so far."""
        ...


@dataclass(frozen=True)
class Member:
    """One member. Its content must be read before the next one is asked for."""

    name: str
    kind: Kind
    size: int
    mode: int
    """Permissions only: no set-user-id and the like."""
    modified: float
    target: str
    """Of a link."""
    content: Content

    @property
    def parts(self) -> tuple[str, ...]:
        """The name's parts; there is always one, and none leads upwards."""
        return tuple(self.name.split("/"))

    def chunks(self) -> Iterator[bytes]:
        """The content, `PART` bytes at a time."""
        while part := self.content.read(PART):
            yield part


class _Count:
    """How many members there were, and what they hash to."""

    def __init__(self) -> None:
        self.members, self._hash = 0, hashlib.sha256()

    def add(self, name: str, kind: Kind, target: str, digest: str) -> None:
        self.members += 1
        self._hash.update(f"{kind.value}\0{name}\0{target}\0{digest}\n".encode(errors=_ESCAPED))

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


class ArchiveWriter:
    """Writes members into an encrypted stream."""

    def __init__(self, sealed: Sealed, head: Head) -> None:
        self._sealed, self._count = sealed, _Count()
        # tarfile's own compression has one level, the slowest.
        self._packed = gzip.GzipFile("", "wb", _LEVEL, cast("Any", sealed), mtime=0)
        self._tar: Any = tarfile.open(  # noqa: SIM115
            mode="w|",
            fileobj=cast("Any", self._packed),
            bufsize=_BLOCKS,
            format=tarfile.PAX_FORMAT,
            encoding="utf-8",
            errors=_ESCAPED,
        )
        self.document(HEAD, head.model_dump_json())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """What was not finished is no archive. Closing it here leaves nothing that would write when it is collected."""
        self._sealed.abandon()
        self._tar.close()
        self._packed.close()

    def document(self, name: str, text: str) -> None:
        """Add a short text."""
        self.data(name, text.encode())

    def data(self, name: str, data: bytes) -> None:
        """Add a file of these bytes."""
        self.file(name, io.BytesIO(data), len(data))

    def file(self, name: str, content: BinaryIO, size: int, *, mode: int = 0o600, modified: float = 0.0) -> None:
        """Add a file; `content` has `size` bytes at least."""
        hashed = _Hashed(content)
        self._add(_info(name, tarfile.REGTYPE, size=size, mode=mode, modified=modified), hashed)
        self._count.add(name, Kind.FILE, "", hashed.digest)

    def folder(self, name: str, *, mode: int, modified: float = 0.0) -> None:
        """Add a folder."""
        self._add(_info(name, tarfile.DIRTYPE, mode=mode, modified=modified))
        self._count.add(name, Kind.FOLDER, "", "")

    def link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        info = _info(name, tarfile.SYMTYPE, mode=0o777)
        info.linkname = target
        self._add(info)
        self._count.add(name, Kind.LINK, target, "")

    def finish(self, end: End) -> None:
        """Write the last member, and the end of the encryption."""
        whole = end.model_copy(update={"members": self._count.members, "digest": self._count.digest})
        self.document(END, whole.model_dump_json())
        self._tar.close()
        self._packed.close()
        self._sealed.finish()

    def _add(self, info: tarfile.TarInfo, content: "_Hashed | None" = None) -> None:
        self._tar.addfile(info, content)
        # tarfile remembers every member, for ever
        self._tar.members.clear()


class ArchiveReader:
    """Reads members from an encrypted stream; whatever is wrong with it raises ArchiveRefused."""

    def __init__(self, unsealed: Unsealed) -> None:
        self._unsealed, self._count = unsealed, _Count()
        self._open: Member | None = None
        self.end: End | None = None
        """What the last member says, once all were read."""
        try:
            self._tar: Any = tarfile.open(  # noqa: SIM115
                mode="r|gz",
                fileobj=cast("Any", unsealed),
                bufsize=_BLOCKS,
                tarinfo=_Info,
                encoding="utf-8",
                errors=_ESCAPED,
            )
            first = self._next()
        except (tarfile.TarError, EOFError, OSError, UnicodeError) as error:
            raise ArchiveRefused(f"it holds no archive of ours ({error})") from error
        if first is None or first.name != HEAD:
            raise ArchiveRefused("it holds no archive of ours")
        self.head = read_head(_text(first))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._tar.close()

    def members(self) -> Iterator[Member]:
        """All between the first and the last, each to be read before the next."""
        try:
            while (member := self._next()) is not None:
                if member.name == END:
                    self._finish(member)
                    return
                yield member
        except (tarfile.TarError, EOFError, OSError, UnicodeError) as error:
            raise ArchiveRefused(f"it cannot be read to its end ({error})") from error
        raise ArchiveRefused("its last member is missing: it was not written to its end")

    def _finish(self, last: Member) -> None:
        found = (self._count.members, self._count.digest)
        end = read_end(_text(last))
        if (end.members, end.digest) != found:
            raise ArchiveRefused("what it holds is not what its last member says")
        if self._tar.next() is not None:
            raise ArchiveRefused("something follows its last member")
        self._unsealed.drain()
        self.end = end

    def _next(self) -> Member | None:
        self._settle()
        info = self._tar.next()
        if info is None:
            return None
        self._tar.members.clear()
        kind, name = _kind(info), _checked(info.name)
        content = _Hashed(self._tar.extractfile(info) if kind is Kind.FILE else io.BytesIO())
        target = info.linkname if kind is Kind.LINK else ""
        size = info.size if kind is Kind.FILE else 0
        # It may be any number, and none.
        modified = float(info.mtime) if 0 <= info.mtime < _LAST_MOMENT else 0.0
        self._open = Member(name, kind, size, info.mode & 0o777, modified, target, content)
        return self._open

    def _settle(self) -> None:
        """Count the member before, read to its end."""
        if self._open is None:
            return
        for _ in self._open.chunks():
            pass
        digest = self._open.content.digest if self._open.kind is Kind.FILE else ""
        self._count.add(self._open.name, self._open.kind, self._open.target, digest)
        self._open = None


class _Info(tarfile.TarInfo):
    """Refuses what would fill the memory before anybody has seen it."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if info.type in _EXTRAS and info.size > _LONGEST_EXTRA:
            raise ArchiveRefused("a name in it is longer than any file's")
        return info


class _Hashed:
    """What is read, and what it hashes to."""

    def __init__(self, content: Any) -> None:
        self._content, self._hash = content, hashlib.sha256()

    def read(self, size: int = PART, /) -> bytes:
        part = bytes(self._content.read(size))
        self._hash.update(part)
        return part

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def _info(name: str, kind: bytes, *, size: int = 0, mode: int = 0o600, modified: float = 0.0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(_checked(name))
    info.type, info.size, info.mode, info.mtime = kind, size, mode & 0o777, modified
    return info


def _kind(info: tarfile.TarInfo) -> Kind:
    if info.isreg() and info.size >= 0 and not info.issparse():
        return Kind.FILE
    if info.isdir():
        return Kind.FOLDER
    if info.issym():
        return Kind.LINK
    raise ArchiveRefused(f"{info.name[:200]!r} in it is neither a file nor a folder nor a link")


def _checked(name: str) -> str:
    """The name, if it stays below the folder that it is put into. Raises ArchiveRefused."""
    parts = name.split("/")
    if (
        "\0" in name
        or len(parts) > _DEEPEST
        or any(part in ("", ".", "..") or len(os.fsencode(part)) > _LONGEST_NAME for part in parts)
    ):
        raise ArchiveRefused(f"{name[:200]!r} is not a name of a file of ours")
    return name


def _text(member: Member) -> bytes:
    if member.size > _LONGEST_DOCUMENT:
        raise ArchiveRefused(f"{member.name} is longer than any that we write")
    return b"".join(member.chunks())
