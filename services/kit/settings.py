import hashlib
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from vault.files import private_folder
from vault.wiring import Mode

_SOCKET_NAME: Final = 24
"""Bytes of the longest socket name below the run folder: `/` and 23 characters."""
_LONGEST_PATH: Final = 100
"""Linux takes 107 bytes for a socket's path; a few are kept in reserve."""


class LogSettings(BaseModel):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class TlsSettings(BaseModel):
    """Lifetimes of certificates; each is renewed at half of it."""

    service_lifetime: timedelta = Field(default=timedelta(minutes=15), ge=timedelta(seconds=2), le=timedelta(hours=24))


class Settings(BaseSettings):
    """What every process of Caseloop is told by `CASELOOP_…` variables or a `.env` file in the working folder.

    Nested values are written with two underscores: `CASELOOP_LOGS__LEVEL=debug`. A package with settings of its own
    makes a class of its own with the same `model_config`.
    """

    model_config = SettingsConfigDict(
        env_prefix="CASELOOP_",
        env_nested_delimiter="__",
        env_file=".env",
        extra="ignore",
        frozen=True,
        validate_default=True,
    )

    home: Path = Path(".caseloop")
    """Everything that Caseloop keeps; made absolute."""
    mode: Mode = "embedded"
    learner_env: Path = Path(".venv-learner")
    """The Python environment in which learners' code runs; made absolute."""
    run_dir: Path = Path()
    """Sockets and certificates of running services. Default: `<home>/run`, or a short private folder below the
    system's temporary one when socket paths would become too long for the system."""
    logs: LogSettings = LogSettings()
    tls: TlsSettings = TlsSettings()

    @model_validator(mode="after")
    def _absolute(self) -> Self:
        home = self.home.expanduser().absolute()
        run_dir = _run_dir(home) if self.run_dir == Path() else self.run_dir.expanduser().absolute()
        if not _fits(run_dir):
            raise ValueError(f"CASELOOP_RUN_DIR={run_dir} is too long for unix sockets; choose a shorter folder")
        # The model is frozen for everybody else.
        self.__dict__.update(home=home, learner_env=self.learner_env.expanduser().absolute(), run_dir=run_dir)
        return self

    def socket(self, service: str) -> Path:
        """Where the service listens."""
        return self.run_dir / f"{service}.sock"

    def leaf(self, service: str) -> Path:
        """Where the service's key and certificate are."""
        return self.run_dir / f"{service}.pem"

    def prepare(self) -> None:
        """Make `home` and `run_dir`, open to nobody else. Raises `VaultError` when somebody else owns one of them."""
        private_folder(self.home)
        private_folder(self.run_dir)


def _run_dir(home: Path) -> Path:
    run_dir = home / "run"
    if _fits(run_dir):
        return run_dir
    # The same home always gives the same folder, so that all processes meet there.
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"caseloop-{os.geteuid()}-{name}"


def _fits(run_dir: Path) -> bool:
    return len(os.fsencode(run_dir)) + _SOCKET_NAME <= _LONGEST_PATH
