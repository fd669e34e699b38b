"""Reading an archive to its end before anything is done with it."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from infra.backup.archive import ArchiveReader, Kind, Member
from infra.backup.digest_set import DigestSet
from infra.backup.embedded import SQLITE, home_has, home_holds
from infra.backup.errors import ArchiveRefused
from infra.backup.files import FILES
from infra.backup.host import TABLES, host_has, host_holds
from infra.backup.hub_tables import HUB_SCHEMA, newest
from infra.backup.kept import KEPT
from infra.backup.keycloak import PLACE as KEYCLOAK
from infra.backup.keys import Opener
from infra.backup.making import NAMED, OBJECTS, SECRETS
from infra.backup.manifest import End, Head
from infra.backup.placing import LINKED
from infra.backup.sealing import Unsealed
from infra.backup.showing import Shown
from services.kit.migrations import migrations_of
from services.kit.objects import is_digest
from vault.secret_names import checked_name
from vault.wiring import Mode

_TABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PART: Final = re.compile(r"columns\.json|sequences\.json|[0-9]{6,9}")
_ROWS: Final = re.compile(r"[0-9]{6,9}")
_MOST_TABLES: Final = 1000
"""Of Keycloak's, which has about a hundred."""
_LONGEST_NAMES: Final = 8 * 1024 * 1024
_WITH_OBJECTS: Final = frozenset(kept.service for kept in KEPT if kept.objects)
_WITH_TABLES: Final = frozenset({*(kept.service for kept in KEPT), HUB_SCHEMA})
_HOLDS: Final[Mapping[Mode, frozenset[str]]] = {
    "embedded": frozenset({OBJECTS, NAMED, SQLITE, FILES}),
    "production": frozenset({OBJECTS, NAMED, SQLITE, TABLES, KEYCLOAK, FILES, SECRETS}),
}
_FILES: Final[Mapping[Mode, Callable[[str], bool]]] = {"embedded": home_holds, "production": host_holds}
_DATABASES: Final[Mapping[Mode, Callable[[str], bool]]] = {"embedded": home_has, "production": host_has}


@dataclass(frozen=True)
class Checked:
    """An archive that is whole."""

    head: Head
    end: End
    bytes: int
    """What it takes on a disk."""


@contextmanager
def opened(file: Path, openers: Sequence[Opener]) -> Iterator[ArchiveReader]:
    """Open an archive. Raises ArchiveRefused, whose message begins with the file's name."""
    try:
        with _opened(file) as sealed, ArchiveReader(Unsealed(sealed, openers)) as archive:
            yield archive
    except ArchiveRefused as error:
        raise ArchiveRefused(f"{file}: {error}") from error


@contextmanager
def _opened(file: Path) -> Iterator["_Readable"]:
    try:
        sealed = file.open("rb")
    except OSError as error:
        raise ArchiveRefused(f"it cannot be read: {error.strerror}") from error
    with sealed:
        yield _Readable(sealed)


class _Readable:
    """A file whose own troubles are told from those of whatever is written meanwhile."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int, /) -> bytes:
        return self._told(self._file.read, size)

    def readline(self, size: int, /) -> bytes:
        return self._told(self._file.readline, size)

    def _told(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            return read(size)
        except OSError as error:
            raise ArchiveRefused(f"it cannot be read: {error.strerror}") from error


def check(file: Path, openers: Sequence[Opener], shown: Shown) -> Checked:
    """Read all of it; nothing is written anywhere. Raises ArchiveRefused for what could not be restored."""
    with opened(file, openers) as archive, DigestSet() as known:
        checks = _Checks(archive.head, known)
        with shown.stage("reading the backup") as stage:
            for member in archive.members():
                checks.member(member)
                stage.step(member.size)
        end = archive.end
        assert end is not None
        checks.end(end)
        return Checked(archive.head, end, checks.bytes)


class _Checks:
    def __init__(self, head: Head, known: DigestSet) -> None:
        self._head, self._known = head, known
        self._lacking: set[tuple[str, str]] = set()
        self._keycloaks = Counter[str]()
        self.bytes = 0

    def member(self, member: Member) -> None:
        """Look at one member, with its content."""
        where, *rest = member.parts
        if not self._known.add("", hashlib.sha256(member.name.encode(errors="surrogateescape")).hexdigest()):
            raise ArchiveRefused(f"{member.name[:200]!r} is in it twice")
        known = {
            OBJECTS: self._object,
            NAMED: self._names,
            SQLITE: self._database,
            TABLES: self._table,
            KEYCLOAK: self._keycloaks_table,
            FILES: self._file,
            SECRETS: self._secret,
        }
        holds = where in _HOLDS[self._head.mode] and rest
        if not holds or (where != FILES and member.kind is not Kind.FILE):
            raise _unknown(member)
        known[where](member, rest)
        self.bytes += member.size

    def end(self, end: End) -> None:
        """Compare with what the last member says."""
        said = {(service, digest) for service, digests in end.lacking.items() for digest in digests}
        if more := self._lacking - said:
            service, digest = min(more)
            raise ArchiveRefused(f"{len(more)} objects are missing in it, such as {digest} of {service}")
        known = {kept.service: migrations_of(kept.package) for kept in KEPT}
        if HUB_SCHEMA in end.schemas:
            known[HUB_SCHEMA] = (newest(),)
        for service, schema in end.schemas.items():
            if service not in known or schema not in known[service]:
                raise ArchiveRefused(
                    f"the tables of {service} are at {schema[:80]!r}, which this Caseloop does not know: Caseloop "
                    f"{self._head.caseloop} made it; update this one"
                )
        said_of_keycloak = {name: table.rows for name, table in end.keycloak.tables.items()} if end.keycloak else {}
        for table in sorted({*said_of_keycloak, *self._keycloaks}):
            if (rows := self._keycloaks[table]) != (wanted := said_of_keycloak.get(table, 0)):
                raise ArchiveRefused(f"Keycloak's table {table[:80]!r} has {rows} rows in it, and should have {wanted}")

    def _object(self, member: Member, rest: Sequence[str]) -> None:
        if len(rest) != 2 or rest[0] not in _WITH_OBJECTS or not is_digest(rest[1]):
            raise _unknown(member)
        for _ in member.chunks():
            pass
        if member.content.digest != rest[1]:
            raise ArchiveRefused(f"the object {rest[1]} in it is damaged")
        self._known.add(rest[0], rest[1])

    def _names(self, member: Member, rest: Sequence[str]) -> None:
        if len(rest) != 2 or rest[0] not in _WITH_OBJECTS or member.size > _LONGEST_NAMES:
            raise _unknown(member)
        for digest in b"".join(member.chunks()).decode("ascii", "replace").split():
            if not is_digest(digest):
                raise _unknown(member)
            if not self._known.has(rest[0], digest):
                self._lacking.add((rest[0], digest))

    def _database(self, member: Member, rest: Sequence[str]) -> None:
        if not _DATABASES[self._head.mode]("/".join(rest)):
            raise _unknown(member)

    def _table(self, member: Member, rest: Sequence[str]) -> None:
        fits = len(rest) in (2, 3) and rest[0] in _WITH_TABLES and _PART.fullmatch(rest[-1])
        if not fits or (len(rest) == 3 and not _TABLE.fullmatch(rest[1])):
            raise _unknown(member)

    def _keycloaks_table(self, member: Member, rest: Sequence[str]) -> None:
        if len(rest) != 2 or not _ROWS.fullmatch(rest[1]) or len(self._keycloaks) > _MOST_TABLES:
            raise _unknown(member)
        # COPY writes a row a line, and a line's end within a value as two letters.
        self._keycloaks[rest[0]] += sum(part.count(b"\n") for part in member.chunks())

    def _file(self, member: Member, rest: Sequence[str]) -> None:
        if not _FILES[self._head.mode]("/".join(rest)):
            raise _unknown(member)
        leads = member.target and "\0" not in member.target
        if member.kind is Kind.LINK and (rest[0] not in LINKED or len(rest) < 2 or not leads):
            raise ArchiveRefused(f"{member.name[:200]!r} in it is a link, where none of ours is")

    def _secret(self, member: Member, rest: Sequence[str]) -> None:
        if len(rest) != 1 or member.size > _LONGEST_NAMES:
            raise _unknown(member)
        try:
            checked_name(rest[0])
        except ValueError:
            raise _unknown(member) from None


def _unknown(member: Member) -> ArchiveRefused:
    return ArchiveRefused(f"{member.name[:200]!r} is nothing that a backup of ours holds")


def words_of(lacking: Mapping[str, Sequence[str]]) -> list[str]:
    """One line a service that lacks objects."""
    return [
        f"{service}: {len(digests)} objects that its rows name were gone or damaged when the backup was made: "
        f"{', '.join(digests[:3])}{' …' if len(digests) > 3 else ''}"
        for service, digests in lacking.items()
    ]
