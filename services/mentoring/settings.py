from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.mail import is_address
from services.kit.settings import Settings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class MentoringSettings(BaseSettings):
    """What `mentoring` may be told, by `CASELOOP_MENTORING_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_MENTORING_")

    lease: timedelta = Field(default=timedelta(minutes=30), ge=timedelta(minutes=1), le=timedelta(hours=8))
    """How long a mentor holds an escalation; taking it again holds it for as long from then on."""
    head_start: dict[str, float] = Field(default_factory=dict)
    """Case -> minutes that its escalations are ahead of others that came at the same time."""
    set_aside_after: int = Field(default=2, ge=1, le=20)
    """Learners in a row whom a remembered answer must not help before it goes back to a mentor."""
    notes: int = Field(default=200, ge=2)
    """Turns of one conversation."""
    phrases: int = Field(default=500, ge=1)
    """Entries of one mentor's comment bank."""


class MailSettings(BaseSettings):
    """Who gets mail, and how it leaves: `CASELOOP_MAIL_…` variables."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_MAIL_")

    mentors: str = ""
    """Addresses of the mentors, separated by commas. Empty: mentors get no mail."""
    sender: str = "caseloop@localhost"
    link: str = ""
    """Where the dashboard is in a browser, for the links in mails. Empty: mails hold none."""
    digest_hour: int = Field(default=6, ge=0, le=23)
    """Hour of the day, in UTC, at which mentors get the digest."""
    smtp_host: str = ""
    """Empty: mails become files in the outbox of the home."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    """`none` only to this machine."""
    smtp_user: str = ""
    smtp_password: SecretStr | None = None

    @field_validator("mentors", "sender")
    @classmethod
    def _addresses(cls, value: str) -> str:
        for address in _split(value):
            if not is_address(address):
                raise ValueError(f"{address!r} is no e-mail address")
        return value

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if self.smtp_host and self.smtp_tls == "none" and self.smtp_host not in _LOOPBACK:
            raise ValueError(f"mail to {self.smtp_host} must be encrypted; set CASELOOP_MAIL_SMTP_TLS=starttls or tls")
        return self

    @property
    def mentor_addresses(self) -> tuple[str, ...]:
        """The mentors, each once."""
        return tuple(dict.fromkeys(_split(self.mentors)))


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
