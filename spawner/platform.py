from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.contracts.clients.cases import CasesClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from spawner.certificates import EnvironmentCertificates


@dataclass(frozen=True)
class Platform:
    """What every spawner and page needs of the rest of Caseloop, given to it by the Hub's configuration."""

    cases: CasesClient
    progress: ProgressClient
    mentoring: MentoringClient
    certificates: EnvironmentCertificates
    run_dir: Path
    """Private folder of short paths; holds one box a running environment."""
    gateway_dir: Path
    """Folder that holds the gateway's socket and nothing else."""
    hub_dir: Path
    """Folder that holds the Hub's socket and nothing else."""
    homes_dir: Path
    data_dir: Path
    """Cache of case data, by case version."""
    learner_env: Path
    """The virtual environment that learners' code runs in."""
    environments: Path
    """Folder of the environments that cases need besides that one, by digest."""
    gateway_address: str = ""
    """The gateway's `host:port`, where environments run on other machines."""
    hidden: tuple[Path, ...] = ()
    """Folders that no environment may see, wherever they lie: the project with its cases, and what Caseloop keeps."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Platform":
        # traitlets copies configuration; connections cannot be copied and need not be
        return self
