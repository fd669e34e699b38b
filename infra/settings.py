import os
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import DotEnvSettingsSource, SettingsConfigDict

from infra.hosts import WILDCARD, Hosts, check_hosts
from services.kit.settings import Settings
from services.runner.settings import ContainerSettings, RunnerSettings
from vault.files import private_folder

PROJECT = Path(__file__).resolve().parent.parent
_OF_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class EmbeddedSettings(Settings):
    """Settings of the embedded system: Caseloop on one machine, started by one command."""

    model_config = SettingsConfigDict(**{**Settings.model_config, "env_file": str(PROJECT / ".env")})

    home: Path = PROJECT / ".caseloop"
    learner_env: Path = PROJECT / ".venv-learner"
    host: str = "127.0.0.1"
    """Address to listen on. Anything but a loopback address needs TLS in front of it."""
    port: int = Field(default=8000, ge=1, le=65535)
    dashboard_port: int | None = Field(default=None, ge=1, le=65535)
    """Port of 127.0.0.1 on which the mentors' desk answers the Hub's proxy. Default: any free one at each start."""
    public_address: str = Field(default="", pattern=r"^(https?://[^\s/?#@]+)?$")
    """Where browsers find Caseloop, `https://host`, when something with TLS stands in front of it."""
    dashboard_address: str = Field(default="", pattern=r"^(https?://[^\s/?#@]+)?$")
    """Where browsers find the mentors' desk, `https://host`, where it has a host name of its own."""
    wildcard_domain: str = Field(default="", pattern=WILDCARD)
    """`*.` and the host name of the public address, where each learner's environments have a host name below it."""
    trusted_proxies: str = ""
    """Addresses and networks of what stands in front, separated by commas: their word counts on who asks."""
    refusals_burst: int = Field(default=100, ge=1)
    """Refused requests of one address after which it waits to sign in; counted where proxies are named."""
    refusals_per_minute: float = Field(default=60, gt=0)
    """How many of them are forgotten in a minute."""
    project: Path = PROJECT
    cases: Path = PROJECT / "cases"
    """Cases that are published at the first start."""
    environments_per_learner: int = Field(default=8, ge=1)
    environment_memory_mb: int = Field(default=2048, ge=256)
    environment_cpus: float = Field(default=1.0, gt=0)
    environment_processes: int = Field(default=256, ge=32)
    environment_disk_mb: int = Field(default=2048, ge=16)
    """Size of one learner's folder of a case; held in containers only."""
    environment_idle_hours: float = Field(default=8, ge=0)
    """An environment is ended after so long without activity, unless a kernel is busy or a page is open. 0: never."""
    environment_busy_hours: float = Field(default=48, ge=0)
    """The same for one with a busy kernel or an open page. 0: never."""
    isolation: Literal["bubblewrap", "docker", "swarm", "kubernetes"] = "bubblewrap"
    """What a learner's environment runs in: a sandbox of this machine's files, a container of an image, or one of a
    cluster (production only)."""
    learner_image: str = Field(default="caseloop/learner:latest", pattern=r"^[^:]+(:\d+/[^:]+)?:[\w.-]+$")
    """The image of learners' containers, with its tag. A case with an environment of its own has its digest as tag."""
    checks_isolation: Literal["bubblewrap", "docker"] = "bubblewrap"
    """What a check's code runs in: a sandbox of this machine's files, or a container of the case's image."""
    checks_engine: Path = Path("/var/run/docker.sock")
    """Socket of the engine that makes the latter."""
    save_seconds: int = Field(default=30, ge=1)
    """How often a changed notebook is kept, besides every save and every check."""

    spares: bool = True
    """Keep a loaded process beside the services and one beside the Hub, which takes over when that ends."""

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, named: str) -> str:
        networks = [ip_network(part.strip()) for part in named.split(",") if part.strip()]
        if any(network.prefixlen == 0 for network in networks):
            raise ValueError("whoever trusts everybody has no address that is true; name what stands in front")
        return ",".join(map(str, networks))

    @model_validator(mode="after")
    def _hosts_apart(self) -> Self:
        self._check_hosts()
        return self

    def _check_hosts(self) -> None:
        check_hosts(self.hosts, "CASELOOP_PUBLIC_ADDRESS", {})

    @property
    def hosts(self) -> Hosts:
        """The host names that browsers know, with what is said of the Hub's."""
        return Hosts(self.public_address, self.dashboard_address, self.wildcard_domain)

    @property
    def gateway_dir(self) -> Path:
        """Folder that holds the gateway's socket and nothing else: environments see it."""
        return self.run_dir / "gateway"

    @property
    def hub_dir(self) -> Path:
        """Folder that holds the Hub's socket and nothing else: environments see it."""
        return self.run_dir / "hub"

    @property
    def hub_listens(self) -> Path:
        """Where the Hub answers, on a machine that it shares with the gateway."""
        return self.hub_dir / "hub.sock"

    @property
    def proxy_socket(self) -> Path:
        """Where the Hub's proxy takes routes."""
        return self.run_dir / "proxy-api.sock"

    @property
    def hub_socket(self) -> Path | None:
        """The Hub's own socket, which the gateway asks; None where the Hub is on another machine."""
        return self.hub_listens

    @property
    def node_file(self) -> Path:
        """Where set-up wrote which Node runs the Hub's proxy."""
        return self.project / ".cache" / "setup" / "node.json"

    @property
    def dashboard_port_file(self) -> Path:
        """Where the mentors' desk writes which port it listens on."""
        return self.run_dir / "dashboard.port"

    @property
    def dashboard_build(self) -> Path:
        """The built pages of the mentors' desk."""
        return self.project / "web" / "dashboard" / "dist"

    @property
    def runner(self) -> RunnerSettings:
        """How the runner uses this machine."""
        return RunnerSettings(
            learner_env=self.learner_env,
            environments=self.environments,
            cache=self.checks_dir if self.checks_isolation == "docker" else self.home / "runner",
            containers=self._check_containers,
        )

    @property
    def _check_containers(self) -> ContainerSettings | None:
        if self.checks_isolation != "docker":
            return None
        return ContainerSettings(image=self.learner_image, folder=self.checks_run_dir, engine=self.checks_engine)

    @property
    def checks_run_dir(self) -> Path:
        """What containers for checks are shown: the code that runs in them, and their ways in."""
        return self.run_dir / "checks"

    @property
    def checks_dir(self) -> Path:
        """Cases' files, as these containers are shown them."""
        return self.home / "checks"

    @property
    def environments(self) -> Path:
        """Folder of the environments that cases need besides the common one."""
        return self.home / "environments"

    @property
    def images(self) -> Path:
        """Folder of the notes about images of such environments, for learners' containers."""
        return self.home / "images"

    @property
    def set_up_dir(self) -> Path:
        """What set-up keeps: the installer, and our own wheels."""
        return self.project / ".cache" / "setup"

    @property
    def desk_address(self) -> str:
        """Where the mentors' desk is in a browser; empty where it listens for others, and nobody has said where.

        Those come by way of something else, with TLS, whose address only the operator knows.
        """
        if known := self.dashboard_address or self.public_address:
            return f"{known}/services/caseloop"
        if self.host not in _OF_THIS_MACHINE:
            return ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/services/caseloop"

    def socket(self, service: str) -> Path:
        """Where a service listens."""
        return (self.gateway_dir if service == "gateway" else self.run_dir) / f"{service}.sock"

    def variables(self) -> dict[str, str]:
        """The environment of child processes, so that all of them have these settings."""
        own = {
            "CASELOOP_HOME": str(self.home),
            "CASELOOP_RUN_DIR": str(self.run_dir),
            "CASELOOP_LEARNER_ENV": str(self.learner_env),
            "CASELOOP_HOST": self.host,
            "CASELOOP_PORT": str(self.port),
            "CASELOOP_CASES": str(self.cases),
            **({"CASELOOP_DASHBOARD_PORT": str(self.dashboard_port)} if self.dashboard_port else {}),
        }
        found = {"CASELOOP_MAIL_LINK": self.desk_address, "CASELOOP_DASHBOARD_HUB_ADDRESS": self.public_address}
        # Other classes of settings look for `.env` where they run; this makes it the project's, wherever that is.
        written = DotEnvSettingsSource(type(self)).env_vars
        told = {name.upper(): value for name, value in written.items() if value is not None}
        return {**found, **told, **os.environ, **own}

    def prepare(self) -> None:
        """Make every folder, open to nobody else."""
        super().prepare()
        for folder in (self.gateway_dir, self.hub_dir, self.home / "homes", self.home / "logs"):
            private_folder(folder)
