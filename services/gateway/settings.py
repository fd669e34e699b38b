from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import Settings


class GatewaySettings(BaseSettings):
    """What the gateway may be told, by `CASELOOP_GATEWAY_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_GATEWAY_")

    hub_url: str = "http://127.0.0.1:8081"
    """Where the Hub answers, without the path; not used with `hub_socket`."""
    hub_socket: Path | None = None
    """The Hub's unix socket."""
    hub_timeout: float = Field(default=5, gt=0)
    """Seconds."""
    requests_per_second: float = Field(default=10, gt=0)
    """Of one learner, over all environments; `request_burst` may come at once."""
    request_burst: int = Field(default=60, ge=1)
    checks_per_second: float = Field(default=0.5, gt=0)
    """As above, for checks and reviews, which cost seconds of computing."""
    check_burst: int = Field(default=12, ge=1)
    checks_at_once: int = Field(default=64, ge=1)
    """Checks under way over all learners; more are refused with `busy`."""
    assists_per_second: float = Field(default=0.5, gt=0)
    """As above, for words, hints and messages, which may cost a language model's time."""
    assist_burst: int = Field(default=12, ge=1)
    assists_at_once: int = Field(default=8, ge=1)
    """Words, messages and hints that one learner may wait for at the same time, over all environments."""
    check_seconds: float = Field(default=1000, gt=0)
    """Longest that judging may take, restoring and comparing included. Must stay below `progress`'s quota window."""
    review_seconds: float = Field(default=120, gt=0)
    """Longest that a style review may take."""
    words_seconds: float = Field(default=90, gt=0)
    """Longest that a model may take to word a judged version; the rules' words stay after that."""
    answer_seconds: float = Field(default=120, gt=0)
    """Longest that an answer of the assistant may take."""
    follow_seconds: float = Field(default=900, gt=0)
    """Longest that one request follows a hint that is being made; its learner's Lab then asks again."""
    save_patience: float = Field(default=15, ge=0)
    """Seconds for which writing a verdict is tried again before the learner hears that it could not be saved; and a
    model's words, before the rules' words are told instead."""
    shutdown_grace: float = Field(default=8, ge=0)
    """Seconds that checks and words under way get to end when the gateway is stopped."""
    heartbeat: float = Field(default=10, gt=0)
    """Seconds between comment lines in a silent event stream."""
    body_bytes: int = Field(default=24 * 1024 * 1024, gt=0)
    """Largest request body; `progress` limits the content of notebooks and submissions more tightly."""
