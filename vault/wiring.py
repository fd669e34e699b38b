"""Choosing the adapters. The mode is matched here and nowhere else in this package."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vault.adapters.encrypted_file import EncryptedFile
from vault.adapters.local_ca import LocalAuthority
from vault.ports import CertificateAuthority, SecretStore
from vault.settings import VaultSettings

Mode = Literal["embedded", "production"]


@dataclass(frozen=True, slots=True)
class Vault:
    """Certificates and secrets of one installation."""

    authority: CertificateAuthority
    secrets: SecretStore


def open_vault(mode: Mode, home: Path) -> Vault:
    """Open the installation's vault, making it at first start. Raises `VaultError`."""
    match mode:
        case "embedded":
            return Vault(LocalAuthority(home / "vault" / "authority"), EncryptedFile(home / "vault" / "secrets"))
        case "production":
            return _hashicorp(home)


def _hashicorp(home: Path) -> Vault:
    # Here, because embedded mode does without what these are made of.
    from vault.adapters.hashicorp import VaultSession
    from vault.adapters.vault_kv import VaultSecrets
    from vault.adapters.vault_pki import VaultAuthority

    session = VaultSession(VaultSettings())
    return Vault(VaultAuthority(session, home / "vault"), VaultSecrets(session))
