import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vault.errors import IdentityRevoked, VaultError
from vault.files import locked, private_folder, write_private
from vault.identity import TRUST_DOMAIN, Identity, host_name
from vault.leaf import Leaf, describe

AUTHORITY_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(minutes=15)
LONGEST_LEAF_LIFE = timedelta(hours=24)
_BACKDATED = timedelta(seconds=30)


class LocalAuthority:
    """A certificate authority in a private folder, made at first start.

    Its key can sign only for `caseloop.internal`: whoever steals it cannot pose as any site of the internet.
    """

    renew_after = 0.5

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)
        self._lock = folder / "lock"
        self._revoked = folder / "revoked.json"
        with locked(self._lock):
            self._key, self._certificate = self._load() if self.bundle.exists() else self._make()

    @property
    def bundle(self) -> Path:
        """PEM file with the authority's certificate."""
        return self._folder / "ca.pem"

    def issue(self, identity: Identity, destination: Path, *, lifetime: timedelta | None = None) -> Leaf:
        """As `CertificateAuthority.issue`; 15 minutes unless told otherwise, 24 hours at most."""
        lifetime = LEAF_LIFE if lifetime is None else lifetime
        if not timedelta() < lifetime <= LONGEST_LEAF_LIFE:
            raise VaultError(f"a certificate may live up to {LONGEST_LEAF_LIFE}, not {lifetime}")
        if str(identity) in self.revoked():
            raise IdentityRevoked(f"{identity} was revoked and gets no new certificate")
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._leaf(identity, key.public_key(), lifetime)
        write_private(destination, _key_pem(key) + certificate.public_bytes(serialization.Encoding.PEM))
        return describe(certificate, destination)

    def revoke(self, who: Identity | str) -> None:
        """As `CertificateAuthority.revoke`. An entry is forgotten when no certificate it names can live any more."""
        entry = str(who)
        if entry.startswith("service/"):
            # A service comes back under the same name: its name must not be lost with one stolen key.
            raise VaultError(f"{entry} cannot be revoked as a whole; revoke the serials of its certificates")
        now = datetime.now(UTC)
        with locked(self._lock):
            entries = {e: until for e, until in self._revocations().items() if datetime.fromisoformat(until) > now}
            entries[entry] = (now + LONGEST_LEAF_LIFE).isoformat()
            write_private(self._revoked, json.dumps(entries, indent=1, sort_keys=True).encode())

    def revoked(self) -> frozenset[str]:
        """As `CertificateAuthority.revoked`."""
        return frozenset(self._revocations())

    def _revocations(self) -> dict[str, str]:
        try:
            return dict(json.loads(self._revoked.read_bytes()))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise VaultError(f"{self._revoked} is damaged ({error}); put back a copy or delete it") from error

    def _load(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key_file = self._folder / "ca.key"
        try:
            key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
            certificate = x509.load_pem_x509_certificate(self.bundle.read_bytes())
        except (OSError, ValueError) as error:
            raise VaultError(
                f"the certificate authority in {self._folder} cannot be read ({error}); put back a copy of ca.key and "
                "ca.pem, or delete the folder: a new authority is made at the next start"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise VaultError(f"{key_file} is not the key of {self.bundle}; delete both to have a new authority made")
        if certificate.not_valid_after_utc - datetime.now(UTC) < LONGEST_LEAF_LIFE:
            raise VaultError(f"{self.bundle} expires; delete {self._folder} to have a new authority made")
        return key, certificate

    def _make(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Caseloop local authority")
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(now + AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_constraints(), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_private(self._folder / "ca.key", _key_pem(key))
        # The certificate last: the folder counts as made once it is there.
        write_private(self.bundle, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
        return key, certificate

    def _leaf(self, identity: Identity, public: ec.EllipticCurvePublicKey, lifetime: timedelta) -> x509.Certificate:
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(identity.uri)]
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if identity.is_service:
            names.append(x509.DNSName(host_name(identity.name)))
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            # Not the name itself: without a DNS name OpenSSL would take a common name that looks like one for it.
            .subject_name(_name(f"Caseloop {identity.kind}"))
            .issuer_name(self._certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - min(_BACKDATED, lifetime / 10))
            .not_valid_after(now + lifetime)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _constraints() -> x509.NameConstraints:
    allowed = [x509.DNSName(TRUST_DOMAIN), x509.UniformResourceIdentifier(TRUST_DOMAIN)]
    return x509.NameConstraints(permitted_subtrees=allowed, excluded_subtrees=None)
