from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import Settings


class ProgressSettings(BaseSettings):
    """What `progress` may be told, by `CASELOOP_PROGRESS_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_PROGRESS_")

    quota_window: timedelta = timedelta(minutes=20)
    """How long a submission under way holds its place in the quota. Longer than the longest check may take."""
    submission_bytes: int = Field(default=4 * 1024 * 1024, gt=0)
    """Largest submission: the JSON of its cells."""
    notebook_bytes: int = Field(default=16 * 1024 * 1024, gt=0)
    """Largest saved notebook, outputs included."""
    notebook_budget: int = Field(default=512 * 1024 * 1024, gt=0)
    """All kept states of one learner's notebook together; beyond it the oldest go."""
    recording_retention: timedelta = Field(default=timedelta(days=90), gt=timedelta(0))
    """A recorded session is deleted when its newest event is older."""
    recording_events: int = Field(default=200_000, gt=0)
    """Events kept of one learner and case. A two-hour session has about 20,000."""
    recording_bytes: int = Field(default=64 * 1024 * 1024, gt=0)
    """What these may hold together, as JSON, with the notebooks that replays begin at."""
    event_bytes: int = Field(default=4 * 1024 * 1024, gt=0)
    """Largest event: a snapshot of the largest submission."""
