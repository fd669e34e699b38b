from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

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

    @property
    def uploads_home(self) -> Path:
        """Folder of archives while they are received and worked on."""
        return self.cases_home / "uploads"


class UploadSettings(BaseSettings):
    """What uploads of cases may be told, by `CASELOOP_UPLOAD_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_UPLOAD_")

    max_bytes: int = Field(default=1_280 * 1024 * 1024, gt=0)
    """Largest archive."""
    part_bytes: int = Field(default=4 * 1024 * 1024, ge=1024, le=16 * 1024 * 1024)
    """Largest part of an archive in one request."""
    at_once: int = Field(default=5, ge=1)
    """Unfinished uploads of one person."""
    unfinished_hours: float = Field(default=24, gt=0)
    """How long an upload may lie without a new part before it is thrown away."""


class ImageSettings(BaseSettings):
    """How images of cases are made where learners get containers, by `CASELOOP_IMAGES_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_IMAGES_")

    base: str = Field(default="", pattern=r"^[A-Za-z0-9_./:@-]*$")
    """What they are made from, by name or digest; empty: the learners' common image."""
    seconds: int = Field(default=900, ge=1)
    """Longest that one may take."""
    most_mb: int = Field(default=4096, ge=1)
    """Most that the packages of a case may add to the base."""
    memory_mb: int = Field(default=2048, ge=256)
    """Memory of one step of a build."""
    stock_packs: bool = False
    """Whether a case's `environment.yml`, `apt.txt` and `runtime.txt` are given to repo2docker's own packs."""
    stock_base: str = Field(default="buildpack-deps:24.04", pattern=r"^[A-Za-z0-9_./:@-]+$")
    """What these packs build on, by name or digest: an Ubuntu image."""


class CiSettings(BaseSettings):
    """What a check of a case does beyond its trials, by `CASELOOP_CI_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_CI_")

    mutants: bool = True
    """Put small faults into the reference; without them no case is held to its threshold."""
