from datetime import timedelta
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import Settings

ADDRESS: Final = r"^(https?://[^\s/?#@]+)?$"
"""Scheme and host, with a port where it needs one; or nothing."""


class DashboardSettings(BaseSettings):
    """What the mentors' desk may be told, by `CASELOOP_DASHBOARD_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_DASHBOARD_")

    address: str = Field(default="", pattern=ADDRESS)
    """Where browsers find the desk, `https://host`, where it has a host name of its own. Default: below the Hub's."""
    hub_address: str = Field(default="", pattern=ADDRESS)
    """Where browsers find the Hub, `https://host`; needed, and read, with an address of the desk's own."""
    session_lifetime: timedelta = Field(default=timedelta(hours=8), ge=timedelta(minutes=1), le=timedelta(days=14))
    """After this a mentor signs in again."""
    requests_per_second: float = Field(default=20, gt=0)
    """Of one mentor; `request_burst` may come at once."""
    request_burst: int = Field(default=200, ge=1)
    runs_per_second: float = Field(default=0.5, gt=0)
    """As above, for runs of code and briefs, which cost seconds of computing."""
    run_burst: int = Field(default=20, ge=1)
    runs_at_once: int = Field(default=4, ge=1)
    """Runs and briefs that one mentor may wait for at the same time."""
    run_seconds: float = Field(default=1000, gt=0)
    """Longest that a run of a learner's code may take."""
    heartbeat: float = Field(default=10, gt=0)
    """Seconds between comment lines in a silent event stream."""
    body_bytes: int = Field(default=24 * 1024 * 1024, gt=0)
    """Largest request body."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.address and not self.hub_address:
            raise ValueError(
                "CASELOOP_DASHBOARD_ADDRESS needs CASELOOP_DASHBOARD_HUB_ADDRESS, where browsers find the Hub"
            )
        if self.address and urlsplit(self.address).hostname == urlsplit(self.hub_address).hostname:
            # a cookie is sent to every port of its host
            raise ValueError("CASELOOP_DASHBOARD_ADDRESS must have another host name than the Hub's address")
        return self
