from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import Settings


class ChatSettings(BaseSettings):
    """What conversations may be told, by `CASELOOP_CHAT_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_CHAT_")

    messages: int = Field(default=8, ge=2)
    """Messages, of the learner and of the assistant together, that a prompt holds word by word."""
    turn_chars: int = Field(default=800, ge=100)
    """Of each of them, in a prompt."""
    history_chars: int = Field(default=2400, ge=200)
    """Of all of them together."""
    summary_chars: int = Field(default=900, ge=100)
    """Of the summary of what came before them."""
    code_chars: int = Field(default=6000, ge=500)
    """Of the learner's answer cells, in a prompt."""
    judge_seconds: float = Field(default=20, gt=0)
    """How long an answer waits for the verdict on code that has changed; after that it is given without."""
    held: timedelta = Field(default=timedelta(minutes=5), gt=timedelta(0))
    """How long a question that got no answer, because the process died, holds its place in the quota."""
    shown: int = Field(default=400, ge=2)
    """Newest messages of a conversation that its learner is shown."""
    retention: timedelta = Field(default=timedelta(days=30), gt=timedelta(0))
    """After so long without a message a conversation is deleted; an export, so long after it was made."""
    export_conversations: int = Field(default=4000, ge=1)
    """Conversations in one file of an export; further ones go into the next file."""
    export_messages: int = Field(default=120, ge=2)
    """Messages in one line of an export; a longer conversation takes several lines."""
