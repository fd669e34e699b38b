from pydantic import BaseModel, Field


class FeedbackSettings(BaseModel):
    """What `feedback` may be told."""

    author_cases: int = Field(default=32, ge=1)
    """Case versions kept in memory with their references."""
    baselines: int = Field(default=256, ge=1)
    """Subtasks whose reference observations are kept in memory; on disk all are."""
    body_bytes: int = Field(default=6 * 1024 * 1024, gt=0)
    """Largest request body."""
