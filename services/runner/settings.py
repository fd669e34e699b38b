import os
from pathlib import Path

from pydantic import BaseModel, Field


class ContainerSettings(BaseModel):
    """Where checks run in containers of the cases' images."""

    image: str
    """The common image with its tag; a case's own has a digest, or that of its packages as its tag."""
    folder: Path
    """For sockets, and the code that runs inside; short. The engine sees this and `cache` at the same paths."""
    engine: Path = Path("/var/run/docker.sock")
    """The Docker engine's socket."""
    python: str = "/opt/learner/bin/python"
    """The Python of the learners' environment inside."""
    cpus: float = Field(default=2.0, gt=0)
    """Processors of one container; two questions are worked on at a time."""


class RunnerSettings(BaseModel):
    """How the runner uses this machine."""

    learner_env: Path
    """Virtual environment whose Python runs learners' code."""
    environments: Path | None = None
    """Folder of the environments that cases need besides that one, by digest."""
    containers: ContainerSettings | None = None
    """None: sandboxes are made by bubblewrap, of this machine's files."""
    cache: Path
    """Folder for the cases' data files, by digest; may be emptied when the runner is not running."""
    workers: int = Field(default_factory=lambda: (os.cpu_count() or 1) + 1, ge=1)
    """Runs at a time; more only makes everybody wait longer. The rest queue in order of arrival."""
    questions: int = Field(default_factory=lambda: min(2, os.cpu_count() or 1), ge=1, le=2)
    """Checks and probes of one run that are worked on at a time, once the learner's code has ended."""
    spares: int = Field(default=2, ge=0)
    """Sessions kept open for each environment; warmed up where processors are idle."""
    kept: int = Field(default=16, ge=0)
    """Sessions kept with snapshots, one for each owner at most; the least recently used goes first. 0: none."""
    kept_mb: int = Field(default=1_024, ge=0)
    """Memory that all of these may have together."""
    kept_seconds: float = Field(default=600, gt=0)
    """An unused one is kept this long."""
    zygotes: int = Field(default=4, ge=1)
    """Environments kept loaded; the least recently used goes first."""
    sessions_per_zygote: int = Field(default=2_000, ge=1)
    """A zygote is replaced after this many sessions."""
    start_seconds: float = Field(default=60, gt=0)
    """Longest wait for an environment's imports."""
