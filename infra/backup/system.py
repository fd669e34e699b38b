"""What is backed up and restored into: the same for a home on one machine and for a system of containers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from infra.backup.archive import ArchiveWriter
from infra.backup.files import Tree
from infra.backup.manifest import KeycloakTables
from services.kit.audit_chain import Head
from services.kit.objects import ObjectStore
from vault.wiring import Mode


class Cut(Protocol):
    """All tables as they were at one moment."""

    @property
    def schemas(self) -> Mapping[str, str]:
        """Service -> the migration that its tables were at."""
        ...

    @property
    def logs(self) -> Mapping[str, Head]:
        """Service -> where its log of deeds ended."""
        ...

    @property
    def keycloak(self) -> KeycloakTables | None:
        """What is in Keycloak's own database; None: it is left out."""
        ...

    def named(self, service: str) -> AsyncIterator[str]:
        """Objects that rows of the service name."""
        ...

    async def write(self, archive: ArchiveWriter) -> None:
        """Add the tables."""
        ...


Held = Callable[[Cut], Awaitable[object]]
"""What is done while the rows of a cut are still those of everybody."""


class Source(Protocol):
    """A system that is backed up, while it runs. Whatever is in the way raises BackupFailed."""

    mode: Mode
    work: Path
    """A private folder of this system for what must be set down meanwhile; nobody else's."""

    @property
    def trees(self) -> Sequence[Tree]:
        """Folders to keep."""
        ...

    def stores(self) -> Mapping[str, ObjectStore]:
        """Service -> its objects. Blocks."""
        ...

    def cut(self, held: Held | None = None) -> AbstractAsyncContextManager[Cut]:
        """The tables of all services at one moment; `held` is done in it where writers can be kept waiting, and is
        given up when that takes seconds."""
        ...

    def secrets(self) -> Mapping[str, bytes]:
        """Secrets that are in no file; none where all are. Blocks."""
        ...
