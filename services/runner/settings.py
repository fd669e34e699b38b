import os
from pathlib import Path

from pydantic import BaseModel, Field


class RunnerSettings(BaseModel):
    """How the runner uses this machine."""

    learner_env: Path
    """Virtual environment whose Python runs learners' code."""
    environments: Path | None = None
    """Folder of the environments that cases need besides that one, by digest."""
    cache: Path
    """Folder for the cases' data files, by digest; may be emptied when the runner is not running."""
    workers: int = Field(default_factory=lambda: (os.cpu_count() or 1) + 1, ge=1)
    """Runs at a time; more only makes everybody wait longer. The rest queue in order of arrival."""
    spares: int = Field(default=2, ge=0)
    """Sessions kept open and warmed up for each environment."""
    zygotes: int = Field(default=4, ge=1)
    """Environments kept loaded; the least recently used goes first."""
    sessions_per_zygote: int = Field(default=2_000, ge=1)
    """A zygote is replaced after this many sessions."""
    start_seconds: float = Field(default=60, gt=0)
    """Longest wait for an environment's imports."""
