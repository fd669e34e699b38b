from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import Settings


class EvaluationSettings(BaseSettings):
    """What `caseloop eval` may be told, by `CASELOOP_EVAL_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_EVAL_")

    prompt_price: float = Field(default=0.0, ge=0)
    """Of a million tokens that are sent to the model, in whatever currency the bill is."""
    completion_price: float = Field(default=0.0, ge=0)
    """Of a million tokens that the model writes."""
    mutants: int = Field(default=30, ge=0)
    """Most samples of each sort of small fault (one, two, in a variant) that a suite gets of one case."""

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost."""
        return (prompt_tokens * self.prompt_price + completion_tokens * self.completion_price) / 1_000_000
