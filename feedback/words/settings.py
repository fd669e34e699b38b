from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import Settings


class WordsSettings(BaseSettings):
    """What a model's words for feedback may be told, by `CASELOOP_WORDS_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_WORDS_")

    seconds: float = Field(default=30, gt=0)
    """Time for all of it, waiting for the model included; after that the rules' words stay."""
    code_chars: int = Field(default=6000, ge=500)
    """Of the learner's code, in a prompt."""
    max_tokens: int = Field(default=900, ge=64)
    """Longest answer: 160 words of remarks and five warnings, in languages that take three tokens a word."""
