"""Making an archive of a running system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import BinaryIO, Final

from infra.backup.archive import ArchiveWriter
from infra.backup.digest_set import DigestSet
from infra.backup.errors import BackupFailed
from infra.backup.files import FilesKept, add_tree, set_down
from infra.backup.keys import Lock
from infra.backup.manifest import End, Head
from infra.backup.sealing import Sealed
from infra.backup.showing import Shown
from infra.backup.system import Cut, Source
from services.kit.objects import ObjectDamaged, ObjectNotFound, ObjectStore, ObjectStoreFailed

OBJECTS: Final = "objects"
NAMED: Final = "named"
"""Digests of objects that rows name, so that whoever reads an archive can say that none is missing."""
SECRETS: Final = "secrets"
_CUTS: Final = 20
"""Moments that are tried, each with what came since the one before, until objects are said to be deleted too fast."""
_CUTS_BESIDE: Final = 5
"""How many of these let others write all the while."""
_DIGESTS: Final = 50_000
"""In one member."""

Missing = frozenset[tuple[str, str]]
"""(service, digest)."""


@dataclass(frozen=True)
class Made:
    """What is in an archive."""

    head: Head
    end: End
    files: FilesKept


async def make(source: Source, out: BinaryIO, locks: Sequence[Lock], now: datetime, shown: Shown) -> Made:
    """Write an archive of the system as it is at one moment. Raises BackupFailed.

    Objects first, then the tables of one moment with the objects that came meanwhile, then files: what is in the tables
    is never without its objects, and a learner's file is at least as new as what the tables say of it.
    """
    head = Head(mode=source.mode, made=now)
    with DigestSet() as kept, ArchiveWriter(Sealed(out, locks), head) as archive:
        making = _Making(source, archive, kept, shown)
        try:
            await making.objects()
            end = await making.tables()
            files = making.files()
            making.secrets()
            archive.finish(end)
        except ObjectStoreFailed as error:
            raise BackupFailed(str(error)) from error
    return Made(head, end, files)


class _Making:
    def __init__(self, source: Source, archive: ArchiveWriter, kept: DigestSet, shown: Shown) -> None:
        self._source, self.archive, self._kept, self._shown = source, archive, kept, shown
        self._stores: Mapping[str, ObjectStore] = source.stores()

    async def objects(self) -> None:
        """All that are there now."""
        for service, store in self._stores.items():
            with self._shown.stage(f"objects of {service}") as stage:
                async for digest in store.digests():
                    stage.step(await self._object(service, digest) or 0)

    async def tables(self) -> End:
        """The tables of one moment, with all objects that they name."""
        before: Missing = frozenset()
        for number in range(_CUTS):
            held = None if number < _CUTS_BESIDE else self._fetch_named
            async with self._source.cut(held) as cut:
                missing = await self._fetch_named(cut)
                # What rows of two moments name and nobody deletes meanwhile is not on its way: it is lost.
                if missing <= before:
                    return await self._add_tables(cut, missing)
                before = missing
        raise BackupFailed("objects are deleted faster than they can be copied; try again at a quieter time")

    def files(self) -> FilesKept:
        """Files, folders and links."""
        kept = FilesKept()
        with self._shown.stage("files") as stage:
            for tree in self._source.trees:
                for size in add_tree(self.archive, tree, self._source.work, kept):
                    stage.step(size)
        return kept

    def secrets(self) -> None:
        """Those that are in no file."""
        for name, value in self._source.secrets().items():
            self.archive.data(f"{SECRETS}/{name}", value)

    async def _object(self, service: str, digest: str) -> int | None:
        """Add an object unless it is in; its size, or None where the store does not have it whole."""
        if self._kept.has(service, digest):
            return 0
        with set_down(self._source.work) as whole:
            try:
                async for part in self._stores[service].open(digest):
                    whole.write(part)
            except (ObjectNotFound, ObjectDamaged):
                return None
            size = whole.tell()
            whole.seek(0)
            self.archive.file(f"{OBJECTS}/{service}/{digest}", whole, size)
        self._kept.add(service, digest)
        return size

    async def _fetch_named(self, cut: Cut) -> Missing:
        missing = set()
        with self._shown.stage("objects that came meanwhile") as stage:
            for service in self._stores:
                async for digest in cut.named(service):
                    size = await self._object(service, digest)
                    if size is None:
                        missing.add((service, digest))
                    elif size:
                        stage.step(size)
        return frozenset(missing)

    async def _add_tables(self, cut: Cut, missing: Missing) -> End:
        for service in self._stores:
            await self._add_names(cut, service)
        with self._shown.stage("tables") as stage:
            await cut.write(self.archive)
            stage.step()
        return End(
            schemas=cut.schemas,
            logs=cut.logs,
            objects={service: self._kept.count(service) for service in self._stores},
            lacking={
                service: tuple(sorted(digest for owner, digest in missing if owner == service))
                for service in sorted({service for service, _ in missing})
            },
            keycloak=cut.keycloak,
        )

    async def _add_names(self, cut: Cut, service: str) -> None:
        numbers, some = count(), list[str]()
        async for digest in cut.named(service):
            some.append(digest)
            if len(some) == _DIGESTS:
                self._add_some(service, next(numbers), some)
                some.clear()
        self._add_some(service, next(numbers), some)

    def _add_some(self, service: str, number: int, some: Sequence[str]) -> None:
        self.archive.document(f"{NAMED}/{service}/{number:06}", "".join(f"{digest}\n" for digest in some))
