import hashlib
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.places import Address
from vault.files import private_folder
from vault.wiring import Mode

_SOCKET_NAME: Final = 24
"""Bytes of the longest socket name below the run folder: `/` and 23 characters."""
_LONGEST_PATH: Final = 100
"""Linux takes 107 bytes for a socket's path; a few are kept in reserve."""
POSTGRES_URL: Final = r"^(postgresql://([^\s/?#@]+/[\w-]+|/[\w-]+\?host=/[^\s?#@&]+))?$"
"""Of a database by a host's name or a unix socket, without user and password; or nothing."""


class LogSettings(BaseModel):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class TraceSettings(BaseModel):
    """Where traces of requests are sent, if anywhere."""

    endpoint: str = Field(default="", pattern=r"^(https?://[^\s?#@]+)?$")
    """A collector that takes OTLP over HTTP: `http://host:4318`. Nothing is traced without one."""
    ca: Path | None = None
    """PEM file of the authority that signed the collector's certificate; else those that the system trusts."""
    ratio: float = Field(default=1.0, ge=0, le=1)
    """Share of the requests from outside whose traces are recorded."""


class TlsSettings(BaseModel):
    """Lifetimes of certificates; each is renewed at half of it, at two thirds under Vault."""

    service_lifetime: timedelta = Field(default=timedelta(minutes=15), ge=timedelta(seconds=2), le=timedelta(hours=24))


class OidcSettings(BaseSettings):
    """Where people and programs sign in (`CASELOOP_OIDC_…`): an OpenID provider, such as Keycloak."""

    model_config = SettingsConfigDict(
        env_prefix="CASELOOP_OIDC_", env_file=".env", extra="ignore", frozen=True, validate_default=True
    )

    issuer: str = Field(default="", pattern=r"^(https://[^\s?#]+[^\s?#/])?$")
    """As the provider writes it into its tokens: `https://host/realms/caseloop`."""
    ca: Path | None = None
    """PEM file of the authority that signed the provider's certificate; else those that the system trusts."""
    audience: str = Field(default="caseloop-desk", min_length=1)
    """Whom a program's access token must be meant for."""
    client_id: str = Field(default="jupyterhub", min_length=1)
    """As whom the Hub signs people in."""
    hub_address: str = Field(default="", pattern=r"^(https://[^\s/?#]+)?$")
    """Where browsers find the Hub, for the way back from the provider."""
    timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds in which the provider must answer."""


class ObjectSettings(BaseSettings):
    """Where objects are kept in production (`CASELOOP_OBJECTS_…`): MinIO, or another server that speaks S3."""

    model_config = SettingsConfigDict(
        env_prefix="CASELOOP_OBJECTS_", env_file=".env", extra="ignore", frozen=True, validate_default=True
    )

    endpoint: str = Field(default="", pattern=r"^(https://[^\s/?#@]+)?$")
    """`https://host:port`; plain http is refused, since learners' work would travel in the open."""
    access_key: str = ""
    secret_key: SecretStr | None = None
    credentials: Path | None = None
    """Folder with the two files `access-key` and `secret-key`, which are read when the two are not set."""
    ca: Path | None = None
    """PEM file of the authority that signed the server's certificate; else those that the system trusts."""
    bucket_prefix: str = Field(default="caseloop", pattern=r"^[a-z][a-z0-9-]{0,30}$")
    """Each service has a bucket of its own: `caseloop-progress`."""
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9-]+$")
    timeout: float = Field(default=10.0, gt=0, le=300)
    """Seconds in which a connection must be made, and in which the next bytes must come."""
    attempts: int = Field(default=3, ge=1, le=10)
    """How often one request is sent before it is given up."""


class DatabaseSettings(BaseSettings):
    """Where tables are kept in production (`CASELOOP_DATABASE_…`): a PostgreSQL with a role and a schema a service."""

    model_config = SettingsConfigDict(
        env_prefix="CASELOOP_DATABASE_", env_file=".env", extra="ignore", frozen=True, validate_default=True
    )

    url: str = Field(default="", pattern=POSTGRES_URL)
    """`postgresql://host:port/database`, or `postgresql:///database?host=/folder` for a unix socket in that folder.

    Without user and password: they are each service's own.
    """
    credentials: Path | None = None
    """Folder with the file `postgres-SERVICE` that holds the service's password; read at every connection."""
    ca: Path | None = None
    """PEM file of the authority that signed the server's certificate; needed for a host, and not for a unix socket."""
    role_prefix: str = Field(default="caseloop", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    """Each service has a role of its own: `caseloop_progress`. Its schema is named for the service alone."""
    connections: int = Field(default=10, ge=2, le=200)
    """Most connections of one process at a time; whoever wants one more waits."""
    wait_seconds: float = Field(default=10.0, gt=0, le=300)
    """Seconds that somebody waits for a connection before it is an error."""
    statement_seconds: float = Field(default=30.0, gt=0, le=3_600)
    """The server ends a statement that takes longer."""
    lock_seconds: float = Field(default=15.0, gt=0, le=3_600)
    """The server ends a statement that waits longer for somebody else's lock."""
    idle_seconds: float = Field(default=60.0, gt=0, le=3_600)
    """The server ends a transaction in which nothing happens for so long."""

    def role(self, service: str) -> str:
        """As whom the service signs in."""
        return f"{self.role_prefix}_{service}"

    def missing(self) -> str:
        """The first setting that is needed and not there; empty: none."""
        by_host = "?host=" not in self.url
        needed = {"URL": self.url, "CREDENTIALS": self.credentials, "CA": self.ca or not by_host}
        return next((name for name, value in needed.items() if not value), "")


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
    traces: TraceSettings = TraceSettings()
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

    def place(self, service: str) -> Path | Address:
        """Where the service is called: its socket, unless services are spread over machines."""
        return self.socket(service)

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
