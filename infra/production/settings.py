from pathlib import Path

from infra.settings import EmbeddedSettings
from vault.files import private_folder


class ProductionSettings(EmbeddedSettings):
    """Settings of one process in production, where each service sees its own folders and its callees' sockets only."""

    scratch: Path | None = None
    """Folder of large temporary files, emptied at each start; else they lie where this machine's usually do."""

    def socket(self, service: str) -> Path:
        """Where a service listens: in a folder of its own, which is mounted for those who may call it."""
        return self.run_dir / service / f"{service}.sock"

    def leaf(self, service: str) -> Path:
        """Where a service's key and certificate are: in memory, beside no socket, seen by nobody else."""
        return self.run_dir / "own" / f"{service}.pem"

    @property
    def dashboard_port_file(self) -> Path:
        """Where the mentors' desk writes its port for the Hub's proxy, with which it shares a network namespace."""
        return self.run_dir / "dashboard" / "port"

    def prepare(self) -> None:
        """Make the folder of the own certificates; all others are mounted, and made by `caseloop production init`."""
        private_folder(self.run_dir / "own")
