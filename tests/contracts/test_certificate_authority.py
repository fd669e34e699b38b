"""What every certificate authority promises; a new adapter is added to `AUTHORITIES`."""

import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.vault_double.installation import session, vault_settings
from vault.adapters.local_ca import LocalAuthority
from vault.adapters.vault_pki import VaultAuthority
from vault.errors import IdentityRevoked, VaultError
from vault.identity import Identity
from vault.leaf import is_issued_by, read_leaf
from vault.ports import CertificateAuthority
from vault.tls import client_context, server_context

AUTHORITIES: dict[str, Callable[[Path, Path], CertificateAuthority]] = {
    "local": lambda folder, _: LocalAuthority(folder / "ca"),
    "vault": lambda folder, shared: VaultAuthority(session(vault_settings(folder, shared)), folder / "ca"),
}
GATEWAY = Identity.service("gateway")
ENVIRONMENT = Identity.env("anna/ö@example.org", "clean-regression", "0" * 64, "n-1")


@pytest.fixture(params=AUTHORITIES)
def open_authority(request, tmp_path: Path, tmp_path_factory) -> Callable[[], CertificateAuthority]:
    """Opens the same authority each time it is called, as another process would."""
    shared = tmp_path_factory.getbasetemp() / "vault"
    return lambda: AUTHORITIES[request.param](tmp_path, shared)


@pytest.fixture
def authority(open_authority) -> CertificateAuthority:
    return open_authority()


def handshake(server: Path, client: Path, bundle: Path, host: str = "gateway.caseloop.internal") -> tuple[dict, dict]:
    """A TLS handshake in memory; returns what the server saw of the client, and the client of the server."""
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    left = server_context(server, bundle).wrap_bio(a, b, server_side=True)
    right = client_context(client, bundle).wrap_bio(b, a, server_hostname=host)
    for _ in range(6):
        for end in (right, left):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return left.getpeercert(), right.getpeercert()


@pytest.mark.parametrize("identity", [GATEWAY, ENVIRONMENT], ids=["service", "env"])
def test_a_leaf_states_its_identity_to_the_other_end(authority, tmp_path, identity):
    authority.issue(GATEWAY, tmp_path / "server.pem")
    leaf = authority.issue(identity, tmp_path / "client.pem")
    seen, _ = handshake(tmp_path / "server.pem", tmp_path / "client.pem", authority.bundle)
    assert Identity.from_peercert(seen) == leaf.identity == identity
    assert seen["serialNumber"] == leaf.serial


def test_a_leaf_is_one_private_file_with_key_and_certificate(authority, tmp_path):
    leaf = authority.issue(GATEWAY, tmp_path / "g.pem")
    content = leaf.path.read_bytes()
    assert content.count(b"BEGIN PRIVATE KEY") == content.count(b"BEGIN CERTIFICATE") == 1
    assert leaf.path.stat().st_mode & 0o777 == 0o600
    assert read_leaf(leaf.path) == leaf
    assert is_issued_by(leaf.path, authority.bundle)


def test_a_leaf_is_short_lived_and_of_the_length_asked_for(authority, tmp_path):
    leaf = authority.issue(GATEWAY, tmp_path / "g.pem")
    assert timedelta(minutes=1) < leaf.not_after - datetime.now(UTC) <= timedelta(hours=1)
    brief = authority.issue(GATEWAY, tmp_path / "g.pem", lifetime=timedelta(seconds=30))
    assert timedelta(seconds=25) < brief.not_after - datetime.now(UTC) <= timedelta(seconds=30)
    assert brief.not_before <= datetime.now(UTC) < brief.half_life < brief.not_after


@pytest.mark.parametrize("lifetime", [timedelta(), timedelta(seconds=-1), timedelta(days=30)])
def test_a_lifetime_out_of_bounds_is_refused(authority, tmp_path, lifetime):
    with pytest.raises(VaultError, match="may live up to"):
        authority.issue(GATEWAY, tmp_path / "g.pem", lifetime=lifetime)
    assert not (tmp_path / "g.pem").exists()


def test_issuing_again_replaces_key_and_certificate_as_one(authority, tmp_path):
    first = authority.issue(GATEWAY, tmp_path / "g.pem")
    before = first.path.read_bytes()
    second = authority.issue(GATEWAY, tmp_path / "g.pem")
    assert first.serial != second.serial
    assert before.split(b"-----BEGIN CERTIFICATE")[0] not in second.path.read_bytes()
    assert [file.name for file in tmp_path.glob("*g.pem*")] == ["g.pem"]


def test_only_a_service_may_serve(authority, tmp_path):
    """The environment's key lies where a learner can read it: it must be of no use for posing as a service."""
    for identity, purposes in (
        (GATEWAY, {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}),
        (ENVIRONMENT, {ExtendedKeyUsageOID.CLIENT_AUTH}),
    ):
        authority.issue(identity, tmp_path / "x.pem")
        certificate = x509.load_pem_x509_certificate((tmp_path / "x.pem").read_bytes())
        assert set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == purposes
    authority.issue(GATEWAY, tmp_path / "g.pem")
    with pytest.raises(ssl.SSLError):
        handshake(tmp_path / "x.pem", tmp_path / "g.pem", authority.bundle)


def test_a_service_s_certificate_is_for_its_own_name_only(authority, tmp_path):
    authority.issue(GATEWAY, tmp_path / "g.pem")
    with pytest.raises(ssl.SSLCertVerificationError, match="progress"):
        handshake(tmp_path / "g.pem", tmp_path / "g.pem", authority.bundle, "progress.caseloop.internal")


def test_leaves_are_good_across_openings_of_the_same_authority(open_authority, tmp_path):
    open_authority().issue(GATEWAY, tmp_path / "a.pem")
    other = open_authority()
    other.issue(ENVIRONMENT, tmp_path / "b.pem")
    handshake(tmp_path / "a.pem", tmp_path / "b.pem", other.bundle)


def test_opening_at_once_makes_one_authority(open_authority):
    with ThreadPoolExecutor(6) as pool:
        bundles = list(pool.map(lambda _: open_authority().bundle.read_bytes(), range(6)))
    assert len(set(bundles)) == 1


class TestRevocation:
    def test_serials_and_environments_are_remembered_across_openings(self, open_authority, tmp_path):
        authority = open_authority()
        leaf = authority.issue(GATEWAY, tmp_path / "g.pem")
        assert authority.revoked() == frozenset()
        authority.revoke(leaf.serial)
        authority.revoke(ENVIRONMENT)
        assert open_authority().revoked() == {leaf.serial, str(ENVIRONMENT)}

    def test_a_revoked_environment_gets_no_new_certificate_and_the_next_start_does(self, authority, tmp_path):
        authority.revoke(ENVIRONMENT)
        with pytest.raises(IdentityRevoked):
            authority.issue(ENVIRONMENT, tmp_path / "e.pem")
        again = Identity.env(ENVIRONMENT.user, ENVIRONMENT.case, ENVIRONMENT.version, "n-2")
        authority.issue(again, tmp_path / "e.pem")

    def test_a_service_is_never_revoked_by_name(self, authority):
        with pytest.raises(VaultError, match="revoke the serials"):
            authority.revoke(GATEWAY)
        assert authority.revoked() == frozenset()


class TestLocal:
    """Promises of the local authority alone."""

    def test_its_key_cannot_sign_for_the_rest_of_the_world(self, tmp_path):
        authority = LocalAuthority(tmp_path / "ca")
        authority.issue(GATEWAY, tmp_path / "client.pem")
        forged = forge(authority, "www.example.org", "spiffe://caseloop.internal/service/gateway")
        (tmp_path / "forged.pem").write_bytes(forged)
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
            handshake(tmp_path / "forged.pem", tmp_path / "client.pem", authority.bundle, "www.example.org")

    def test_forged_within_its_names_it_would_be_accepted(self, tmp_path):
        """So that the test above fails for the reason it states."""
        authority = LocalAuthority(tmp_path / "ca")
        authority.issue(GATEWAY, tmp_path / "client.pem")
        forged = forge(authority, "gateway.caseloop.internal", "spiffe://caseloop.internal/service/gateway")
        (tmp_path / "forged.pem").write_bytes(forged)
        handshake(tmp_path / "forged.pem", tmp_path / "client.pem", authority.bundle)

    def test_its_key_is_private(self, tmp_path):
        LocalAuthority(tmp_path / "ca")
        assert (tmp_path / "ca" / "ca.key").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "ca").stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("damage", ["ca.key", "ca.pem", "missing key", "foreign key"])
    def test_a_damaged_authority_is_told_with_what_to_do_and_never_replaced_silently(self, tmp_path, damage):
        LocalAuthority(tmp_path / "ca")
        if damage == "missing key":
            (tmp_path / "ca" / "ca.key").unlink()
        elif damage == "foreign key":
            LocalAuthority(tmp_path / "other")
            (tmp_path / "other" / "ca.key").replace(tmp_path / "ca" / "ca.key")
        else:
            (tmp_path / "ca" / damage).write_bytes(b"garbage")
        with pytest.raises(VaultError, match="delete"):
            LocalAuthority(tmp_path / "ca")

    def test_a_damaged_list_of_revocations_is_told(self, tmp_path):
        authority = LocalAuthority(tmp_path / "ca")
        (tmp_path / "ca" / "revoked.json").write_text("[")
        with pytest.raises(VaultError, match=r"revoked\.json is damaged"):
            authority.revoked()

    def test_revocations_are_forgotten_when_no_certificate_they_name_can_live(self, tmp_path, monkeypatch):
        authority = LocalAuthority(tmp_path / "ca")
        monkeypatch.setattr("vault.adapters.local_ca.LONGEST_LEAF_LIFE", timedelta(seconds=-1))
        authority.revoke("0A")
        monkeypatch.undo()
        authority.revoke("0B")
        assert authority.revoked() == {"0B"}


def forge(authority: LocalAuthority, host: str, uri: str) -> bytes:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    names = [x509.DNSName(host), x509.UniformResourceIdentifier(uri)]
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "forged")]))
        .issuer_name(authority._certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(minutes=5))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority._key.public_key()), critical=False)
        .sign(authority._key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem + certificate.public_bytes(serialization.Encoding.PEM)
