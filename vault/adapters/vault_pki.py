import re
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from vault.adapters.hashicorp import VaultSession
from vault.adapters.vault_kv import Document, Documents
from vault.errors import IdentityRevoked, VaultError
from vault.files import private_folder, write_private
from vault.identity import Identity, host_name
from vault.leaf import Leaf, describe, serial_text

LEAF_LIFE: Final = timedelta(hours=1)
LONGEST_LEAF_LIFE: Final = timedelta(hours=24)
REVOCATIONS: Final = "revocations"
"""The document of revoked environments: Vault's own list knows serials only, and an environment has many."""
_SERIAL: Final = re.compile(r"(?:[0-9A-F]{2}){1,20}")
_TAKEN_AS_NEW: Final = 2.0
"""Seconds for which one answer about revocations serves all listeners of a process."""
_ATTEMPTS: Final = 20
"""Of adding to the list of revocations, when others add to it at the same moment."""


class VaultAuthority:
    """HashiCorp Vault's PKI engine, with a role for each service and one for environments.

    Keys are made here and never leave: Vault signs requests. What it signed is checked before it is used, so a role
    that was set up wrongly is told at once.
    """

    renew_after = 2 / 3

    def __init__(self, session: VaultSession, folder: Path) -> None:
        self._session = session
        self._mount = session.mounts.pki
        self._folder = private_folder(folder)
        self._authorities = self._fetch_bundle()
        self._looking = threading.Lock()
        self._known: tuple[float | None, frozenset[str]] = (None, frozenset())
        self._documents = Documents(session)
        self._read = Document(0, None)

    @property
    def bundle(self) -> Path:
        """PEM file with Vault's certificate authority, as it was when this process started."""
        return self._folder / "authority.pem"

    def issue(self, identity: Identity, destination: Path, *, lifetime: timedelta | None = None) -> Leaf:
        """As `CertificateAuthority.issue`; an hour unless told otherwise, 24 hours at most."""
        lifetime = LEAF_LIFE if lifetime is None else lifetime
        if not timedelta() < lifetime <= LONGEST_LEAF_LIFE:
            raise VaultError(f"a certificate may live up to {LONGEST_LEAF_LIFE}, not {lifetime}")
        if not identity.is_service and str(identity) in self._revoked_environments():
            raise IdentityRevoked(f"{identity} was revoked and gets no new certificate")
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(identity, key, lifetime)
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        write_private(destination, _key_pem(key) + pem)
        return describe(certificate, destination)

    def revoke(self, who: Identity | str) -> None:
        """As `CertificateAuthority.revoke`: a serial in Vault's own list, an environment in a document beside it."""
        entry = str(who)
        if entry.startswith("service/"):
            # A service comes back under the same name: its name must not be lost with one stolen key.
            raise VaultError(f"{entry} cannot be revoked as a whole; revoke the serials of its certificates")
        if entry.startswith("env/"):
            self._revoke_environment(entry)
        else:
            serial = _with_colons(entry)
            self._session.ask(
                f"revoke {entry}",
                lambda client: client.secrets.pki.revoke_certificate(serial, mount_point=self._mount),
            )
        self._known = (None, frozenset())

    def revoked(self) -> frozenset[str]:
        """As `CertificateAuthority.revoked`; an answer serves for two seconds, but not past a revocation of ours."""
        with self._looking:
            asked, entries = self._known
            now = time.monotonic()
            if asked is None or now - asked >= _TAKEN_AS_NEW:
                entries = self._revoked_serials() | self._revoked_environments()
                self._known = (now, entries)
            return entries

    def _signed(self, identity: Identity, key: ec.EllipticCurvePrivateKey, lifetime: timedelta) -> x509.Certificate:
        role = identity.name if identity.is_service else identity.kind
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
        wanted: dict[str, Any] = {
            "uri_sans": identity.uri,
            "ttl": f"{max(1, round(lifetime.total_seconds()))}s",
            "exclude_cn_from_sans": True,
        }
        if identity.is_service:
            wanted["alt_names"] = host_name(identity.name)
        answer = self._session.ask(
            f"sign a certificate for {identity}",
            lambda client: client.secrets.pki.sign_certificate(
                name=role,
                csr=request.public_bytes(serialization.Encoding.PEM).decode(),
                common_name="",
                extra_params=wanted,
                mount_point=self._mount,
            ),
        )
        certificate = x509.load_pem_x509_certificate(answer["data"]["certificate"].encode())
        self._check(certificate, identity, key)
        return certificate

    def _check(self, certificate: x509.Certificate, identity: Identity, key: ec.EllipticCurvePrivateKey) -> None:
        if certificate.public_key() != key.public_key():
            raise VaultError(f"Vault at {self._session.address} signed another key than the one of {identity}")
        if describe(certificate, self._folder).identity != identity:
            raise VaultError(f"Vault at {self._session.address} signed another name than {identity}")
        if not any(_issued_by(certificate, authority) for authority in self._authorities):
            raise VaultError(
                f"Vault at {self._session.address} signs with an authority that {self.bundle} does not hold: it was "
                "replaced; restart this process to have it trust the new one"
            )

    def _fetch_bundle(self) -> tuple[x509.Certificate, ...]:
        pem = self._session.ask(
            "give its certificate authority",
            lambda client: client.secrets.pki.read_ca_certificate(mount_point=self._mount),
        ).encode()
        try:
            authorities = tuple(x509.load_pem_x509_certificates(pem))
        except ValueError as error:
            raise VaultError(
                f"Vault at {self._session.address} has no certificate authority in {self._mount} ({error}); run "
                "`caseloop vault bootstrap`"
            ) from error
        write_private(self.bundle, pem, mode=0o644)
        return authorities

    def _revoked_serials(self) -> frozenset[str]:
        """Serials in Vault's list. Its dates do not matter: it comes from Vault itself, now."""
        pem = self._session.ask(
            "give its revocation list", lambda client: client.secrets.pki.read_crl(mount_point=self._mount)
        )
        try:
            revocations = x509.load_pem_x509_crl(pem.encode())
        except ValueError as error:
            raise VaultError(f"Vault's revocation list in {self._mount} cannot be read ({error})") from error
        if not any(_signed_by(revocations, authority) for authority in self._authorities):
            raise VaultError(f"Vault's revocation list in {self._mount} is signed by an authority that is not ours")
        return frozenset(serial_text(entry.serial_number) for entry in revocations)

    def _revoked_environments(self) -> frozenset[str]:
        version = self._documents.version(REVOCATIONS)
        if version != self._read.version:
            self._read = self._documents.read(REVOCATIONS)
        return frozenset(_entries(self._read))

    def _revoke_environment(self, entry: str) -> None:
        now = datetime.now(UTC)
        for _ in range(_ATTEMPTS):
            document = self._documents.read(REVOCATIONS)
            kept = {who: until for who, until in _entries(document).items() if datetime.fromisoformat(until) > now}
            kept[entry] = (now + LONGEST_LEAF_LIFE).isoformat()
            if self._documents.write(REVOCATIONS, {"entries": kept}, over=document.version):
                return
        raise VaultError(f"{entry} is not revoked: others change Vault's {REVOCATIONS} all the time; try again")


def _entries(document: Document) -> dict[str, str]:
    return dict((document.data or {}).get("entries", {}))


def _with_colons(serial: str) -> str:
    """Write a serial as Vault wants it: `0A1B` -> `0a:1b`."""
    if not _SERIAL.fullmatch(serial):
        raise VaultError(f"{serial[:80]!r} is no serial of a certificate: pairs of hex digits")
    return ":".join(serial[at : at + 2] for at in range(0, len(serial), 2)).lower()


def _issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _signed_by(revocations: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return False
    return revocations.issuer == authority.subject and revocations.is_signature_valid(key)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
