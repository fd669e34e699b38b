"""What an archive says about itself, in its first member and in its last."""

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.backup.errors import ArchiveRefused
from services.kit.audit_chain import Head as LogHead
from vault.wiring import Mode

FORMAT: Final = 3
"""Of the archive: 2 may hold Keycloak's tables, 3 the Hub's. A change that an older Caseloop cannot read makes it 4."""
_Name = Annotated[str, Field(pattern=r"^\P{Cc}{1,1000}$")]
"""Of somebody else's, to be shown on a terminal."""
_M = TypeVar("_M", bound=BaseModel)


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Head(_Document):
    """Known before anything is read."""

    format: int = FORMAT
    caseloop: str = Field(default_factory=lambda: version("caseloop"))
    """Version of the Caseloop that made it."""
    mode: Mode
    made: datetime


class KeptTable(_Document):
    """A table of somebody else's."""

    columns: tuple[_Name, ...]
    rows: int = Field(ge=0)


class KeycloakTables(_Document):
    """Keycloak's own database, as it was at a moment of its own."""

    change: _Name
    """The id of the last row of `databasechangelog`, in which Liquibase notes what it did to the tables."""
    order: int
    """Its `orderexecuted`."""
    changes: tuple[_Name, ...]
    """All of them in order, as Liquibase names them: `FILE::ID::AUTHOR`. Ids alone are given to several."""
    tables: Mapping[_Name, KeptTable] = Field(max_length=1000)
    sequences: Mapping[_Name, int] = {}
    """Sequence -> the last number that it gave out."""

    @property
    def version(self) -> str:
        """The last change: most ids begin with the version of Keycloak that brought them."""
        return f"{self.change} (number {self.order})"

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables.values())


class End(_Document):
    """Known when everything was written."""

    members: int = 0
    """All before this one."""
    digest: str = ""
    """SHA-256 over the names and contents of all of them."""
    schemas: Mapping[str, str]
    """Service -> the migration that its tables were at."""
    logs: Mapping[str, LogHead] = {}
    """Service -> where its log of deeds ended."""
    objects: Mapping[str, int] = {}
    """Service -> how many objects."""
    lacking: Mapping[str, tuple[str, ...]] = {}
    """Service -> objects that rows name and its store did not have whole when the archive was made."""
    keycloak: KeycloakTables | None = None
    """None: Keycloak's database is not in it."""


class _Format(BaseModel):
    format: int


def read_head(text: bytes) -> Head:
    """Raises ArchiveRefused, also for one of a newer Caseloop."""
    if (known := _read(_Format, text).format) > FORMAT:
        raise ArchiveRefused(f"it is of format {known}, and this Caseloop knows {FORMAT}: a newer one made it; update")
    return _read(Head, text)


def read_end(text: bytes) -> End:
    """Raises ArchiveRefused."""
    return _read(End, text)


def _read(kind: type[_M], text: bytes) -> _M:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise ArchiveRefused(f"what it says about itself cannot be read ({error.error_count()} errors)") from None
