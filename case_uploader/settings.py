from pathlib import Path

from services.kit.settings import Settings


class CaseSettings(Settings):
    """Where `cases` keeps what it owns, below the common home."""

    @property
    def cases_home(self) -> Path:
        """Folder of the database and the object store."""
        return self.home / "cases"

    @property
    def cases_database(self) -> Path:
        """The SQLite file."""
        return self.cases_home / "cases.sqlite"

    @property
    def cases_objects(self) -> Path:
        """Root of the object store."""
        return self.cases_home / "objects"
