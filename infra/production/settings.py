import os
from pathlib import Path

from pydantic import Field

from infra.settings import EmbeddedSettings
from services.kit.places import Address
from vault.files import private_folder


class ProductionSettings(EmbeddedSettings):
    """Settings of one process in production, where each service sees its own folders and its callees' sockets only."""

    scratch: Path | None = None
    """Folder of large temporary files, emptied at each start; else they lie where this machine's usually do."""

    network_address: str = Field(default="", pattern=r"^([a-z0-9.-]*\{service\}[a-z0-9.-]*)?$")
    """Host name of each service where they are spread over machines, as `caseloop-{service}`. Default: one machine, and
    unix sockets."""
    network_port: int = Field(default=8443, ge=1, le=65535)
    """Port of every service there."""

    metrics_host: str = Field(default="0.0.0.0", min_length=1)  # noqa: S104 - a cluster's policies say who comes near
    """Where the door to the metrics listens, which asks nobody who he is: an address, or a name of this machine's."""

    cluster_network: str = "caseloop-learners"
    """Swarm: the overlay network that the Hub shares with learners' environments."""
    cluster_claim: str = "caseloop-learners"
    """Kubernetes: the claim that the Hub shares with learners' environments."""
    cluster_plain: bool = False
    """Whether environments on other machines are started without TLS between them and Hub and proxy."""

    def _check_hosts(self) -> None:
        """The Hub alone is told all of them, and looks at its start."""

    @property
    def is_networked(self) -> bool:
        """Whether services talk over TCP, with the same mutual TLS."""
        return bool(self.network_address)

    def place(self, service: str) -> Path | Address:
        """Where a service is called."""
        if not self.is_networked:
            return self.socket(service)
        return Address(self.network_address.format(service=service), self.network_port)

    @property
    def hub_socket(self) -> Path | None:
        """The Hub's own socket, on one machine."""
        return None if self.is_networked else super().hub_socket

    def socket(self, service: str) -> Path:
        """Where a service listens: in a folder of its own, which is mounted for those who may call it."""
        return self.run_dir / service / f"{service}.sock"

    def leaf(self, service: str) -> Path:
        """Where a service's key and certificate are: in memory, beside no socket, seen by nobody else."""
        return self.run_dir / "own" / f"{service}.pem"

    @property
    def proxy_socket(self) -> Path:
        """Where the Hub's proxy takes routes: in memory, too. The folder around all others is nobody's of ours, because
        the engine made it for those that are mounted below."""
        return self.run_dir / "own" / "proxy-api.sock"

    def prepare(self) -> None:
        """Make the folder of the own certificates; all others are mounted, and made by `caseloop production init`.

        It is in memory, and from the second start on as open as the folder that it lies on: runc passes over the mode
        that it was told.
        """
        own = self.run_dir / "own"
        if own.is_dir() and own.stat().st_uid == os.geteuid():
            own.chmod(0o700)
        private_folder(own)
