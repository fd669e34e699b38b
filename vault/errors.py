class VaultError(Exception):
    """Something about secrets or certificates that a person must look at. The message says what to do."""


class IdentityRevoked(VaultError):
    """The identity was revoked and gets no certificate any more."""


class SecretNotFound(VaultError, KeyError):
    """There is no secret of that name."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class SecretStoreDamaged(VaultError):
    """The stored secrets cannot be read: wrong key, wrong permissions, or changed by somebody else."""


class VaultUnavailable(VaultError):
    """HashiCorp Vault does not answer, is sealed or in trouble: what was issued already serves until it expires."""


class VaultRefused(VaultError):
    """HashiCorp Vault answered, and does not allow it."""


class VaultNotFound(VaultRefused):
    """HashiCorp Vault holds no such thing."""
