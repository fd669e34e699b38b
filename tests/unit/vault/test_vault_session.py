"""Signing in at Vault, staying signed in, and what is said when Vault is away, sealed or says no."""

import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.vault.authorities import hand_out
from infra.vault.bootstrap import Bootstrap
from infra.vault.policies import ROLES
from tests.vault_double.installation import DATED_BACK
from tests.vault_double.server import VaultDouble
from vault.adapters.hashicorp import VaultSession, connect
from vault.adapters.vault_kv import VaultSecrets
from vault.adapters.vault_pki import VaultAuthority
from vault.errors import SecretStoreDamaged, VaultError, VaultRefused, VaultUnavailable
from vault.identity import Identity
from vault.settings import VaultSettings

GATEWAY, PROGRESS = Identity.service("gateway"), Identity.service("progress")
ENVIRONMENT = Identity.env("anna", "clean-regression", "0" * 64, "n-1")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A Vault that was set up, and where the sign-ins are."""
    folder = tmp_path_factory.mktemp("vault")
    double = VaultDouble(folder)
    settings = VaultSettings(_env_file=None, address=double.address, ca=double.ca)
    Bootstrap(settings, double.state.root, dated_back=DATED_BACK).run(folder / "sign-ins")
    yield double, settings, folder / "sign-ins"
    double.stop()


@pytest.fixture
def vault(running):
    """The same Vault, open and answering whatever a test has done to it."""
    double, _, _ = running
    yield double
    double.state.sealed = False
    double.stop()
    double.start()


@pytest.fixture
def sign_in(running, vault):
    """Signs in as a service."""
    _, settings, folder = running

    def session(role: str = "gateway") -> VaultSession:
        return VaultSession(settings.model_copy(update={"credentials": folder / role}))

    return session


def asked(vault: VaultDouble, path: str) -> int:
    return sum(request.endswith(path) for request in vault.state.requests)


class TestToken:
    def test_one_sign_in_serves_many_questions(self, vault, sign_in):
        secrets, before = VaultSecrets(sign_in()), asked(vault, "/login")
        for _ in range(3):
            secrets.get("scope-signing-key")
        assert asked(vault, "/login") == before + 1

    def test_it_is_renewed_at_two_thirds_of_its_life(self, vault, sign_in, monkeypatch):
        secrets = VaultSecrets(sign_in())
        secrets.get("scope-signing-key")
        logins, renewals = asked(vault, "/login"), asked(vault, "renew-self")
        start = time.monotonic()
        for elapsed, expected in ((2300, 0), (2500, 1), (2600, 1)):
            monkeypatch.setattr("vault.adapters.hashicorp.time.monotonic", lambda elapsed=elapsed: start + elapsed)
            secrets.get("scope-signing-key")
            assert asked(vault, "renew-self") == renewals + expected, elapsed
            monkeypatch.undo()
        assert asked(vault, "/login") == logins

    def test_one_that_cannot_be_renewed_any_longer_is_replaced(self, vault, sign_in, monkeypatch):
        session = sign_in()
        VaultSecrets(session).get("scope-signing-key")
        for token in vault.state.tokens.values():
            token.longest = token.expires
        before, start = asked(vault, "/login"), time.monotonic()
        monkeypatch.setattr("vault.adapters.hashicorp.time.monotonic", lambda: start + 3000)
        VaultSecrets(session).get("scope-signing-key")
        assert asked(vault, "/login") == before + 1

    def test_one_that_vault_has_forgotten_costs_a_sign_in_and_nothing_else(self, vault, sign_in):
        secrets = VaultSecrets(sign_in())
        value = secrets.get("scope-signing-key")
        vault.state.tokens.clear()
        assert secrets.get("scope-signing-key") == value

    def test_what_a_policy_forbids_is_no_reason_to_sign_in_again(self, vault, sign_in):
        secrets = VaultSecrets(sign_in())
        secrets.get("scope-signing-key")
        before = asked(vault, "/login")
        with pytest.raises(VaultRefused, match=r"cannot read secrets/hub-cookie.*permission denied"):
            secrets.get("hub-cookie")
        assert asked(vault, "/login") == before

    def test_tokens_left_behind_by_a_person_are_not_used(self, vault, sign_in, monkeypatch):
        monkeypatch.setenv("VAULT_TOKEN", vault.state.root)
        with pytest.raises(VaultRefused):
            VaultSecrets(sign_in()).get("hub-cookie")

    def test_wrong_credentials_are_told_with_what_to_do(self, running, vault, sign_in, tmp_path):
        _, settings, folder = running
        (tmp_path / "role-id").write_text((folder / "gateway" / "role-id").read_text())
        (tmp_path / "secret-id").write_text("wrong")
        with pytest.raises(VaultRefused, match=r"refuses the sign-in.*--new-credentials"):
            VaultSecrets(VaultSession(settings.model_copy(update={"credentials": tmp_path}))).get("hub-cookie")
        (tmp_path / "secret-id").write_text("\n")
        with pytest.raises(VaultError, match="secret-id is empty"):
            VaultSecrets(VaultSession(settings.model_copy(update={"credentials": tmp_path}))).get("hub-cookie")


class TestAway:
    def test_a_sealed_vault_is_named_as_such(self, vault, sign_in):
        vault.state.sealed = True
        with pytest.raises(VaultUnavailable, match="Vault is sealed; a sealed one needs `vault operator unseal`"):
            VaultSecrets(sign_in()).get("scope-signing-key")

    def test_a_vault_that_does_not_answer_is_named_with_its_address(self, vault, sign_in):
        vault.stop()
        with pytest.raises(VaultUnavailable, match=f"Vault at {vault.address} cannot .*does not answer"):
            VaultSecrets(sign_in()).get("scope-signing-key")

    def test_after_a_restart_everything_goes_on(self, vault, sign_in, tmp_path):
        session = sign_in()
        authority, secrets = VaultAuthority(session, tmp_path / "a"), VaultSecrets(session)
        before = secrets.get("scope-signing-key")
        vault.stop()
        vault.start()
        assert secrets.get("scope-signing-key") == before
        authority.issue(GATEWAY, tmp_path / "g.pem")

    def test_somebody_who_poses_as_vault_is_not_believed(self, running, vault, tmp_path):
        _, settings, folder = running
        other = VaultDouble(tmp_path / "other")
        try:
            posing = settings.model_copy(update={"address": other.address, "credentials": folder / "gateway"})
            with pytest.raises(VaultUnavailable, match=r"certificate is not trusted; see CASELOOP_VAULT_CA"):
                VaultSecrets(VaultSession(posing)).get("scope-signing-key")
            assert other.state.requests == []
        finally:
            other.stop()


class TestPolicies:
    """Each service gets its own certificate and its own secrets, and nobody else's."""

    def test_a_service_has_no_certificate_signed_for_another(self, sign_in, tmp_path):
        authority = VaultAuthority(sign_in("progress"), tmp_path / "a")
        authority.issue(PROGRESS, tmp_path / "p.pem")
        for identity in (GATEWAY, ENVIRONMENT):
            with pytest.raises(VaultRefused, match="permission denied"):
                authority.issue(identity, tmp_path / "x.pem")
        assert not (tmp_path / "x.pem").exists()

    def test_a_role_signs_its_own_name_only(self, sign_in, vault, tmp_path):
        """A stolen sign-in of one service cannot ask its role for another name."""
        session = sign_in("progress")
        for wanted in (
            {"uri_sans": GATEWAY.uri},
            {"uri_sans": ENVIRONMENT.uri},
            {"alt_names": "gateway.caseloop.internal"},
            {"alt_names": "x.progress.caseloop.internal"},
        ):
            with pytest.raises(VaultRefused, match=r"allowed|valid"):
                session.ask(
                    "sign",
                    lambda client, wanted=wanted: client.secrets.pki.sign_certificate(
                        "progress", csr(), "", extra_params=dict(wanted), mount_point="caseloop-pki"
                    ),
                )

    def test_only_the_hub_starts_and_revokes_environments(self, sign_in, tmp_path):
        hub = VaultAuthority(sign_in("hub"), tmp_path / "a")
        hub.issue(ENVIRONMENT, tmp_path / "e.pem")
        hub.revoke(ENVIRONMENT)
        others = VaultAuthority(sign_in("gateway"), tmp_path / "b")
        assert str(ENVIRONMENT) in others.revoked()
        with pytest.raises(VaultRefused, match="permission denied"):
            others.revoke(Identity.env("anna", "clean-regression", "0" * 64, "n-2"))

    def test_only_the_operator_revokes_serials(self, sign_in, tmp_path):
        gateway = VaultAuthority(sign_in("gateway"), tmp_path / "a")
        leaf = gateway.issue(GATEWAY, tmp_path / "g.pem")
        with pytest.raises(VaultRefused, match="permission denied"):
            gateway.revoke(leaf.serial)
        VaultAuthority(sign_in("operator"), tmp_path / "b").revoke(leaf.serial)
        assert leaf.serial in VaultAuthority(sign_in("progress"), tmp_path / "c").revoked()

    def test_the_signing_key_of_scope_tokens_is_with_those_who_sign(self, sign_in):
        for service in ("gateway", "dashboard"):
            assert b"PRIVATE KEY" in VaultSecrets(sign_in(service)).get("scope-signing-key")
        for service in ("progress", "feedback", "cases", "mentoring"):
            secrets = VaultSecrets(sign_in(service))
            assert b"PUBLIC KEY" in secrets.get("scope-verifying-key")
            with pytest.raises(VaultRefused):
                secrets.get("scope-signing-key")

    def test_a_service_cannot_change_or_list_secrets(self, sign_in):
        secrets = VaultSecrets(sign_in("gateway"))
        with pytest.raises(VaultRefused):
            secrets.put("scope-signing-key", b"mine")
        with pytest.raises(VaultRefused):
            secrets.names()


class TestAuthority:
    def test_an_answer_about_revocations_serves_all_listeners_for_a_moment(self, vault, sign_in, tmp_path):
        authority = VaultAuthority(sign_in(), tmp_path / "a")
        authority.revoked()
        before = len(vault.state.requests)
        for _ in range(5):
            authority.revoked()
        assert len(vault.state.requests) == before

    def test_a_vault_whose_authority_was_replaced_is_told(self, vault, sign_in, tmp_path):
        authority, pki = VaultAuthority(sign_in(), tmp_path / "a"), vault.pki()
        old = (pki.key, pki.authority)
        connect(
            VaultSettings(_env_file=None, address=vault.address, ca=vault.ca), vault.state.root
        ).secrets.pki.generate_root(
            "internal",
            "another",
            {"ttl": "10h", "max_path_length": 0, "permitted_dns_domains": "a", "permitted_uri_domains": "a"},
            "caseloop-pki",
        )
        try:
            with pytest.raises(VaultError, match="it was replaced; restart this process"):
                authority.issue(GATEWAY, tmp_path / "g.pem")
            with pytest.raises(VaultError, match="signed by an authority that is not ours"):
                authority.revoked()
        finally:
            pki.key, pki.authority = old
        assert not (tmp_path / "g.pem").exists()

    def test_a_role_that_signs_another_name_is_told(self, vault, sign_in, tmp_path, monkeypatch):
        authority, pki = VaultAuthority(sign_in(), tmp_path / "a"), vault.pki()
        sign = pki._sign
        monkeypatch.setattr(
            pki, "_sign", lambda name, body: sign("progress", {**body, "uri_sans": PROGRESS.uri, "alt_names": ""})
        )
        with pytest.raises(VaultError, match="signed another name than service/gateway"):
            authority.issue(GATEWAY, tmp_path / "g.pem")
        assert not (tmp_path / "g.pem").exists()

    def test_what_is_no_serial_is_refused_before_vault_is_asked(self, sign_in, tmp_path):
        with pytest.raises(VaultError, match="no serial"):
            VaultAuthority(sign_in("operator"), tmp_path / "a").revoke("../x")


def test_a_secret_that_somebody_else_wrote_is_told(vault, sign_in):
    vault.state.content["caseloop-kv"].versions["secrets/smtp"] = [{"password": "x"}]
    with pytest.raises(SecretStoreDamaged, match="written by something else"):
        VaultSecrets(sign_in("operator")).get("smtp")


def test_a_secret_that_was_deleted_by_hand_is_made_again(vault, sign_in):
    secrets = VaultSecrets(sign_in("operator"))
    secrets.put("one", b"1")
    vault.state.content["caseloop-kv"].versions["secrets/one"].append(None)
    assert secrets.create("one", lambda: b"2") == secrets.get("one") == b"2"


def csr() -> str:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


class TestBootstrap:
    def test_a_second_run_changes_nothing(self, running, vault):
        double, settings, folder = running
        before = {file: file.read_bytes() for file in folder.glob("*/*")}
        authority, versions = double.pki().authority, dict(double.state.content["caseloop-kv"].versions)
        assert Bootstrap(settings, double.state.root).run(folder) == ()
        assert {file: file.read_bytes() for file in folder.glob("*/*")} == before
        assert double.pki().authority is authority
        assert dict(double.state.content["caseloop-kv"].versions) == versions

    def test_what_is_missing_is_made_and_what_was_changed_put_right(self, running, vault, sign_in):
        double, settings, folder = running
        (folder / "linting" / "secret-id").write_text("spoilt")
        double.state.policies["caseloop-gateway"] = {}
        assert Bootstrap(settings, double.state.root, dated_back=DATED_BACK).run(folder) == ("sign-in of linting",)
        VaultSecrets(sign_in("gateway")).get("scope-signing-key")
        sign_in("linting").ask("look", lambda client: client.auth.token.lookup_self())

    def test_new_credentials_end_the_old_ones(self, running, vault, tmp_path):
        double, settings, folder = running
        own = tmp_path / "old"
        own.mkdir()
        for name in ("role-id", "secret-id"):
            (own / name).write_bytes((folder / "gateway" / name).read_bytes())
        Bootstrap(settings, double.state.root, dated_back=DATED_BACK).run(folder, new_credentials=True)
        with pytest.raises(VaultRefused, match="refuses the sign-in"):
            VaultSecrets(VaultSession(settings.model_copy(update={"credentials": own}))).get("scope-signing-key")

    def test_authorities_lie_beside_every_sign_in(self, running, vault, tmp_path):
        _, settings, folder = running
        assert hand_out(folder, {"vault-ca.pem": settings.ca, "minio-ca.pem": None}) == ("authority vault-ca.pem",)
        assert hand_out(folder, {"vault-ca.pem": settings.ca}) == ()
        assert {path.parent.name for path in folder.glob("*/vault-ca.pem")} == set(ROLES)
        assert (folder / "gateway" / "vault-ca.pem").read_bytes() == settings.ca.read_bytes()
        with pytest.raises(VaultError, match=r"absent.pem cannot be read \(FileNotFoundError\)"):
            hand_out(folder, {"minio-ca.pem": tmp_path / "absent.pem"})
        (tmp_path / "both.pem").write_text("BEGIN CERTIFICATE BEGIN PRIVATE KEY")
        with pytest.raises(VaultError, match="and no key"):
            hand_out(folder, {"minio-ca.pem": tmp_path / "both.pem"})
        for path in folder.glob("*/vault-ca.pem"):
            path.unlink()

    def test_sign_ins_are_private(self, running, vault):
        _, _, folder = running
        assert {path.stat().st_mode & 0o077 for path in [folder, *folder.rglob("*")]} == {0}

    def test_a_sealed_vault_or_a_wrong_token_is_told(self, running, vault, tmp_path: Path):
        double, settings, _ = running
        with pytest.raises(VaultRefused, match="permission denied"):
            Bootstrap(settings, "wrong").run(tmp_path / "x")
        double.state.sealed = True
        with pytest.raises(VaultError, match="is sealed; run `vault operator unseal`"):
            Bootstrap(settings, double.state.root).run(tmp_path / "x")
        assert not (tmp_path / "x").exists()

    def test_the_authority_can_sign_for_nothing_of_the_internet(self, running, vault):
        double, _, _ = running
        constraints = double.pki().authority.extensions.get_extension_for_class(x509.NameConstraints).value
        assert {name.value for name in constraints.permitted_subtrees} == {"caseloop.internal"}
