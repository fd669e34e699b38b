from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class VaultSettings(BaseSettings):
    """Where HashiCorp Vault is, and who this process is to it (`CASELOOP_VAULT_…`); production mode only."""

    model_config = SettingsConfigDict(
        env_prefix="CASELOOP_VAULT_", env_file=".env", extra="ignore", frozen=True, validate_default=True
    )

    address: str = Field(default="", pattern=r"^(https://[^\s/]+/?)?$")
    """`https://host:port`; plain http is refused, since secrets and sign-in would travel in the open."""
    ca: Path | None = None
    """PEM file of the authority that signed Vault's own certificate; else those that the system trusts."""
    credentials: Path | None = None
    """Folder with the two files `role-id` and `secret-id`, as `caseloop vault bootstrap` writes them."""
    prefix: str = Field(default="caseloop", pattern=r"^[a-z][a-z0-9-]{0,30}$")
    """Beginning of the names of everything that is ours in Vault, so that several installations can share one."""
    timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds in which Vault must answer."""
