from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.settings import POSTGRES_URL, Settings


class BackupSettings(BaseSettings):
    """Backups on a schedule, `caseloop serve backup`, and what of others' is in a backup (`CASELOOP_BACKUP_…`)."""

    model_config = Settings.model_config | SettingsConfigDict(env_prefix="CASELOOP_BACKUP_")

    folder: Path | None = None
    """Where they are put."""
    recipients: Path | None = None
    """File of public keys that they are locked with, one a line; their private halves are kept elsewhere."""
    every_hours: float = Field(default=24.0, ge=0.1, le=24 * 31)
    keep: int = Field(default=14, ge=1)
    """How many; the oldest go when a new one is whole."""
    keycloak_url: str = Field(default="", pattern=POSTGRES_URL)
    """Keycloak's own database, as `CASELOOP_DATABASE_URL` says where ours is; empty: it is left out."""
