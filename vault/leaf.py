from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from vault.errors import VaultError
from vault.identity import Identity


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate with its private key in one file."""

    path: Path
    identity: Identity
    serial: str
    """Upper-case hex, as `getpeercert()["serialNumber"]` writes it."""
    not_before: datetime
    not_after: datetime

    @property
    def half_life(self) -> datetime:
        """The middle of its life."""
        return self.after(1 / 2)

    def left(self, now: datetime) -> float:
        """The share of its life that is still to come; 0 when it is over."""
        return max((self.not_after - now) / (self.not_after - self.not_before), 0.0)

    def after(self, share: float) -> datetime:
        """The moment when this share of its life is over."""
        return self.not_before + (self.not_after - self.not_before) * share


def describe(certificate: x509.Certificate, path: Path) -> Leaf:
    """Say what a certificate of ours, kept in `path`, states. Raises `VaultError` for one that is not ours."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
        identity = Identity.from_uri(uri)
    except (ValueError, x509.ExtensionNotFound) as error:
        raise VaultError(f"{path} holds no certificate of ours ({error})") from error
    return Leaf(
        path=path,
        identity=identity,
        serial=serial_text(certificate.serial_number),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def read_leaf(path: Path) -> Leaf:
    """Read the certificate in a file that an authority wrote. Raises `VaultError`."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise VaultError(f"{path} cannot be read as a certificate ({error})") from error
    return describe(certificate, path)


def is_issued_by(leaf: Path, bundle: Path) -> bool:
    """Tell whether the leaf in a file was signed by a certificate in `bundle`."""
    certificate = x509.load_pem_x509_certificate(leaf.read_bytes())
    for authority in x509.load_pem_x509_certificates(bundle.read_bytes()):
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def serial_text(number: int) -> str:
    """Write a serial number as `Leaf.serial` and `getpeercert()` do."""
    digits = f"{number:X}"
    return digits.zfill(len(digits) + len(digits) % 2)
