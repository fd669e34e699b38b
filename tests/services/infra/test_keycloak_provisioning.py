"""The realm in a Keycloak is what our code says, however often it is run and whatever somebody did to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.keycloak.provisioning import Provisioned, ProvisioningFailed, Wanted, provision
from infra.keycloak.realm import HUB, HUB_SECRET, PROGRAM
from services.contracts.identity import Role
from tests.keycloak_double import KeycloakDouble
from vault.adapters.encrypted_file import EncryptedFile

WANTED = Wanted("caseloop", "https://cases.test", "caseloop-desk", classes=("ML 2026",))


@pytest.fixture
def keycloak(tmp_path: Path) -> Iterator[KeycloakDouble]:
    made = KeycloakDouble(tmp_path)
    yield made
    made.stop()


def run(keycloak: KeycloakDouble, wanted: Wanted = WANTED) -> Provisioned:
    return provision(keycloak.address, "admin", keycloak.password, wanted, ca=keycloak.ca)


def client(keycloak: KeycloakDouble, name: str) -> dict[str, Any]:
    return next(one for one in keycloak.realms["caseloop"]["clients"] if one["clientId"] == name)


def roles_of_programs(keycloak: KeycloakDouble) -> set[str]:
    return {role["name"] for role in keycloak.realms["caseloop"]["held"][f"account-of-{PROGRAM}"]}


def test_a_first_run_makes_everything(keycloak):
    made = run(keycloak)
    realm = keycloak.realms["caseloop"]
    assert {role["name"] for role in realm["roles"]} >= {"learner", "mentor", "admin", "qa"}
    assert [group["path"] for group in realm["groups"]] == ["/classes", "/classes/ML 2026"]
    assert made.hub_secret == client(keycloak, HUB)["secret"]
    assert made.program_secret == client(keycloak, PROGRAM)["secret"]
    assert roles_of_programs(keycloak) == {"default-roles-caseloop", "admin"}


def test_a_second_run_changes_nothing(keycloak):
    first = run(keycloak)
    keycloak.changes.clear()
    again = run(keycloak)
    assert (again.done, keycloak.changes) == ((), [])
    assert (again.hub_secret, again.program_secret) == (first.hub_secret, first.program_secret)


def test_what_somebody_changed_is_put_right_and_what_is_his_own_stays(keycloak):
    run(keycloak)
    realm = keycloak.realms["caseloop"]
    realm["about"].update(registrationAllowed=True, loginTheme="the school's")
    client(keycloak, HUB)["redirectUris"] = ["*"]
    client(keycloak, HUB)["attributes"].pop("pkce.code.challenge.method")
    client(keycloak, PROGRAM)["protocolMappers"][0]["config"]["included.custom.audience"] = "account"
    realm["client-scopes"][0]["protocolMappers"].pop()
    realm["roles"].append({"id": "own", "name": "librarian"})
    done = run(keycloak).done
    assert realm["about"]["registrationAllowed"] is False
    assert realm["about"]["loginTheme"] == "the school's"
    assert client(keycloak, HUB)["redirectUris"] == ["https://cases.test/hub/oauth_callback"]
    assert client(keycloak, HUB)["attributes"]["pkce.code.challenge.method"] == "S256"
    assert len(done) == 4
    assert {"name": "librarian", "id": "own"} in realm["roles"]
    assert run(keycloak).done == ()


def test_no_client_can_sign_in_with_a_password_and_none_is_public(keycloak):
    run(keycloak)
    for name in (HUB, PROGRAM):
        made = client(keycloak, name)
        assert not made["publicClient"]
        assert not made["directAccessGrantsEnabled"]
        assert not made["implicitFlowEnabled"]
    assert not client(keycloak, PROGRAM)["standardFlowEnabled"]
    assert not client(keycloak, HUB)["serviceAccountsEnabled"]


def test_programs_have_the_one_role_that_they_were_given(keycloak):
    run(keycloak)
    run(keycloak, Wanted("caseloop", "https://cases.test", "caseloop-desk", program_role=Role.MENTOR))
    assert roles_of_programs(keycloak) == {"default-roles-caseloop", "mentor"}


def test_a_class_that_would_be_a_path_is_refused_before_anything_is_asked(keycloak):
    for name in ("a/b", "../x", "", " a", "x" * 65):
        with pytest.raises(ProvisioningFailed, match="no name of a class"):
            run(keycloak, Wanted("caseloop", "https://cases.test", "caseloop-desk", classes=(name,)))
    assert keycloak.realms == {}


def test_a_wrong_password_and_a_server_that_is_not_trusted_are_told(keycloak):
    with pytest.raises(ProvisioningFailed, match="Invalid user credentials"):
        provision(keycloak.address, "admin", "wrong", WANTED, ca=keycloak.ca)
    with pytest.raises(ProvisioningFailed, match=f"Keycloak at {keycloak.address}"):
        provision(keycloak.address, "admin", keycloak.password, WANTED)
    assert keycloak.realms == {}


class TestCommand:
    @pytest.fixture
    def told(self, keycloak: KeycloakDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        for name, value in {
            "CASELOOP_HOME": str(tmp_path / "home"),
            "CASELOOP_OIDC_ISSUER": f"{keycloak.address}/realms/caseloop",
            "CASELOOP_OIDC_CA": str(keycloak.ca),
            "CASELOOP_OIDC_HUB_ADDRESS": "https://cases.test",
            "KEYCLOAK_PASSWORD": keycloak.password,
        }.items():
            monkeypatch.setenv(name, value)
        return tmp_path

    def test_it_puts_the_hubs_secret_into_the_store_and_the_programs_into_a_private_file(self, told, keycloak):
        ended = CliRunner().invoke(app, ["keycloak", "bootstrap", "--credentials", str(told / "p"), "--class", "A"])
        assert ended.exit_code == 0, ended.output
        secret = client(keycloak, PROGRAM)["secret"]
        assert (told / "p" / "caseloop-cli").read_text() == secret
        assert (told / "p" / "caseloop-cli").stat().st_mode & 0o777 == 0o600
        stored = EncryptedFile(told / "home" / "vault" / "secrets").get(HUB_SECRET).decode()
        assert stored == client(keycloak, HUB)["secret"]
        assert secret not in ended.output
        assert stored not in ended.output

    def test_it_can_be_called_elsewhere_than_where_its_issuer_says(self, told, keycloak, monkeypatch):
        """Before the reverse proxy is up, its public name leads nowhere."""
        monkeypatch.setenv("CASELOOP_OIDC_ISSUER", "https://sign-in.invalid/realms/caseloop")
        command = ["keycloak", "bootstrap", "--credentials", str(told / "p"), "--address"]
        ended = CliRunner().invoke(app, [*command, keycloak.address])
        assert ended.exit_code == 0, ended.output
        assert client(keycloak, PROGRAM)["secret"] == (told / "p" / "caseloop-cli").read_text()
        ended = CliRunner().invoke(app, [*command, "keycloak:8080"])
        assert (ended.exit_code, "is no address" in ended.output) == (2, True)

    def test_a_missing_setting_and_an_issuer_that_is_no_keycloak_are_told(self, told, monkeypatch):
        monkeypatch.setenv("CASELOOP_OIDC_ISSUER", "https://sign-in.test/tenant")
        ended = CliRunner().invoke(app, ["keycloak", "bootstrap", "--credentials", str(told / "p")])
        assert (ended.exit_code, "is no realm of a Keycloak" in ended.output) == (2, True)
        monkeypatch.delenv("CASELOOP_OIDC_HUB_ADDRESS")
        ended = CliRunner().invoke(app, ["keycloak", "bootstrap", "--credentials", str(told / "p")])
        assert (ended.exit_code, "CASELOOP_OIDC_HUB_ADDRESS is not set" in ended.output) == (2, True)
