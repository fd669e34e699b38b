from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import Settings


class HintSettings(BaseSettings):
    """How hints are made, by `CASELOOP_HINTS_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_HINTS_")

    budget: float = Field(default=60, gt=0)
    """Seconds for one hint; what is best when they are over is given."""
    repairs: int = Field(default=2, ge=0, le=20)
    """Repairs that the model is asked for."""
    repair_seconds: float = Field(default=10, gt=0)
    """Longest search for a repair by the reference; the best so far counts."""
    repair_tokens: int = Field(default=1500, ge=100)
    """Longest repair, in tokens."""
    faster: float = Field(default=0.8, gt=0, lt=1)
    """A solution counts as faster when it takes at most this share of the learner's CPU time."""
    faster_ms: float = Field(default=20, ge=0)
    """And when it saves at least this many milliseconds."""
    timed_runs: int = Field(default=3, ge=1, le=20)
    """Runs whose median is a solution's time."""
    at_once: int = Field(default=2, ge=1)
    """Hints that one process makes at once."""
    attempts: int = Field(default=3, ge=1)
    """How often a hint is tried to be made, when the platform fails or the process ends in the middle."""
    look_seconds: float = Field(default=1, gt=0)
    """How often whoever follows a hint looks for what another process has changed."""
    follow_seconds: float = Field(default=600, gt=0)
    """Longest time that a hint is followed in one request."""
