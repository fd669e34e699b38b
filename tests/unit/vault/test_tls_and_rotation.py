import copy
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from vault import tls
from vault.adapters.local_ca import LocalAuthority
from vault.errors import VaultError
from vault.files import private_folder, write_private
from vault.identity import Identity
from vault.leaf import read_leaf
from vault.rotation import Credential
from vault.settings import VaultSettings
from vault.wiring import open_vault

GATEWAY = Identity.service("gateway")


@pytest.fixture
def authority(tmp_path: Path) -> LocalAuthority:
    return LocalAuthority(tmp_path / "ca")


def shown(context: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """The serial that a server with `context` shows now."""
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(a, b, server_side=True)
    caller = client.wrap_bio(b, a, server_hostname="gateway.caseloop.internal")
    for _ in range(6):
        for end in (caller, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return str(caller.getpeercert()["serialNumber"])


def test_contexts_speak_tls_1_3_with_certificates_on_both_sides(authority, tmp_path):
    credential = Credential(authority, GATEWAY, tmp_path / "g.pem")
    for context in (credential.server_context(), credential.client_context()):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.verify_flags & ssl.VERIFY_X509_STRICT
    assert credential.client_context().check_hostname


def test_a_context_stays_itself_when_configuration_is_copied(authority, tmp_path):
    context = Credential(authority, GATEWAY, tmp_path / "g.pem").client_context()
    assert copy.deepcopy({"ssl": context})["ssl"] is context
    assert copy.copy(context) is context


@pytest.mark.parametrize("content", [b"", b"garbage", "torn"])
def test_a_torn_file_never_ruins_a_live_context(authority, tmp_path, content):
    credential = Credential(authority, GATEWAY, tmp_path / "g.pem")
    server, client = credential.server_context(), credential.client_context()
    before = shown(server, client)
    if content == "torn":
        authority.issue(GATEWAY, tmp_path / "other.pem")
        key = (tmp_path / "other.pem").read_bytes().split(b"-----BEGIN CERTIFICATE")[0]
        content = key + (tmp_path / "g.pem").read_bytes().split(b"PRIVATE KEY-----\n")[-1]
    (tmp_path / "g.pem").write_bytes(content)
    with pytest.raises(VaultError, match=r"g\.pem does not hold a certificate and its key"):
        tls.reload(tmp_path / "g.pem", server, client)
    assert shown(server, client) == before


def test_a_missing_file_is_told(authority, tmp_path):
    with pytest.raises(VaultError, match=r"nowhere\.pem cannot be read \(No such file"):
        tls.client_context(tmp_path / "nowhere.pem", authority.bundle)


def test_renewing_reaches_every_live_context(authority, tmp_path):
    credential = Credential(authority, GATEWAY, tmp_path / "g.pem")
    server, client = credential.server_context(), credential.client_context()
    before = shown(server, client)
    leaf = credential.renew()
    assert before != leaf.serial
    assert shown(server, client) == leaf.serial == credential.leaf.serial


def test_a_young_leaf_in_the_file_is_used_and_an_old_foreign_or_broken_one_replaced(authority, tmp_path):
    path = tmp_path / "g.pem"
    young = authority.issue(GATEWAY, path)
    assert Credential(authority, GATEWAY, path).leaf == young
    assert Credential(authority, Identity.service("proxy"), path).leaf.identity == Identity.service("proxy")
    path.write_bytes(b"garbage")
    assert Credential(authority, GATEWAY, path).leaf.serial == read_leaf(path).serial
    other = LocalAuthority(tmp_path / "other-ca").issue(GATEWAY, path)
    assert Credential(authority, GATEWAY, path).leaf.serial != other.serial


def test_a_leaf_past_its_half_life_is_replaced_at_start(authority, tmp_path, monkeypatch):
    old = authority.issue(GATEWAY, tmp_path / "g.pem", lifetime=timedelta(minutes=10))

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(minutes=6)

    monkeypatch.setattr("vault.rotation.datetime", Later)
    assert Credential(authority, GATEWAY, tmp_path / "g.pem").leaf.serial != old.serial


def test_two_processes_with_one_file_take_over_what_the_other_issued(authority, tmp_path):
    first = Credential(authority, GATEWAY, tmp_path / "g.pem")
    second = Credential(authority, GATEWAY, tmp_path / "g.pem")
    assert first.leaf == second.leaf
    renewed = first.renew()
    assert second.renew() == renewed


def test_many_who_find_a_leaf_due_at_once_renew_it_once_and_never_mix_two_pairs(authority, tmp_path):
    credential = Credential(authority, GATEWAY, tmp_path / "g.pem")
    server, client = credential.server_context(), credential.client_context()
    for _ in range(10):
        old = authority.issue(GATEWAY, tmp_path / "g.pem", lifetime=timedelta(seconds=0.2))
        credential.leaf = old
        time.sleep(0.11)
        assert credential.is_due
        with ThreadPoolExecutor(8) as threads:
            serials = list(threads.map(lambda _: credential.renew_when_due() or credential.leaf.serial, range(8)))
        assert set(serials) == {credential.leaf.serial} != {old.serial}
        assert shown(server, client) == credential.leaf.serial


def test_the_embedded_vault_is_made_at_first_start_and_found_again(tmp_path):
    first = open_vault("embedded", tmp_path)
    first.secrets.put("a", b"1")
    again = open_vault("embedded", tmp_path)
    assert again.secrets.get("a") == b"1"
    assert again.authority.bundle.read_bytes() == first.authority.bundle.read_bytes()


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "CASELOOP_VAULT_ADDRESS"),
        ({"CASELOOP_VAULT_ADDRESS": "https://vault:8200"}, "CASELOOP_VAULT_CREDENTIALS"),
        ({"CASELOOP_VAULT_ADDRESS": "https://vault:8200", "CASELOOP_VAULT_CA": "nowhere.pem"}, "CASELOOP_VAULT_CA"),
    ],
)
def test_production_says_which_setting_it_needs_and_makes_nothing(tmp_path, monkeypatch, given, missing):
    monkeypatch.chdir(tmp_path)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(VaultError, match=missing):
        open_vault("production", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_production_without_its_packages_says_how_to_install_them(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "hvac", None)
    monkeypatch.delitem(sys.modules, "vault.adapters.hashicorp", raising=False)
    with pytest.raises(VaultError, match=r"needs hvac; install it: pip install .*requirements/production\.txt"):
        open_vault("production", tmp_path)


def test_a_vault_without_tls_is_refused(monkeypatch):
    monkeypatch.setenv("CASELOOP_VAULT_ADDRESS", "http://vault:8200")
    with pytest.raises(ValidationError, match="address"):
        VaultSettings(_env_file=None)


class TestFiles:
    def test_a_private_file_is_never_open_to_others_whatever_the_umask(self, tmp_path):
        write_private(tmp_path / "x", b"1")
        assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600

    def test_a_link_in_place_of_a_private_folder_is_refused(self, tmp_path):
        (tmp_path / "target").mkdir(mode=0o700)
        (tmp_path / "link").symlink_to(tmp_path / "target")
        with pytest.raises(VaultError, match="must be a folder"):
            private_folder(tmp_path / "link")

    def test_a_private_folder_open_to_others_is_refused_with_the_command_that_mends_it(self, tmp_path):
        (tmp_path / "open").mkdir()
        (tmp_path / "open").chmod(0o750)
        with pytest.raises(VaultError, match=r"mode 750.*chmod 700"):
            private_folder(tmp_path / "open")


def test_now_is_within_a_fresh_leaf(authority, tmp_path):
    leaf = authority.issue(GATEWAY, tmp_path / "g.pem")
    assert leaf.not_before < datetime.now(UTC) < leaf.half_life
