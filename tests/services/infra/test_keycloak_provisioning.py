"""The realm in a Keycloak is what our code says, however often it is run and whatever somebody did to it.

The Keycloak is a stand-in, or the real one that CASELOOP_TEST_KEYCLOAK_ADDRESS names.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.keycloak.provisioning import Provisioned, ProvisioningFailed, Wanted, provision
from infra.keycloak.realm import HUB, HUB_SECRET, PROGRAM, SCOPE
from services.contracts.identity import Role
from tests.keycloak_installation import Installation, installation
from vault.adapters.encrypted_file import EncryptedFile


@pytest.fixture
def keycloak(tmp_path: Path) -> Iterator[Installation]:
    made = installation(tmp_path)
    yield made
    made.stop()


def wanted(keycloak: Installation, **more: Any) -> Wanted:
    return Wanted(keycloak.realm, "https://cases.test", "caseloop-desk", **{"classes": ("ML 2026",), **more})


def run(keycloak: Installation, **more: Any) -> Provisioned:
    server = keycloak.server
    return provision(server.address, server.user, server.password, wanted(keycloak, **more), ca=server.ca)


def client(keycloak: Installation, name: str) -> dict[str, Any]:
    with keycloak.eyes() as admin:
        return admin.get_client(admin.get_client_id(name))


def secret(keycloak: Installation, name: str) -> str:
    with keycloak.eyes() as admin:
        return admin.get_client_secrets(admin.get_client_id(name))["value"]


def roles_of_programs(keycloak: Installation) -> set[str]:
    """Those that are ours: Keycloak gives others to everybody."""
    with keycloak.eyes() as admin:
        account = admin.get_client_service_account_user(admin.get_client_id(PROGRAM))["id"]
        held = {role["name"] for role in admin.get_realm_roles_of_user(account)}
    assert f"default-roles-{keycloak.realm}" in held
    return held & {role.value for role in Role}


def scope(admin: Any) -> str:
    return next(one["id"] for one in admin.get_client_scopes() if one["name"] == SCOPE)


def test_a_first_run_makes_everything(keycloak):
    made = run(keycloak)
    with keycloak.eyes() as admin:
        assert {role["name"] for role in admin.get_realm_roles()} >= {"learner", "mentor", "admin", "qa"}
        assert admin.get_group_by_path("classes/ML 2026")["path"] == "/classes/ML 2026"
        assert {mapper["name"] for mapper in admin.get_mappers_from_client_scope(scope(admin))} == {"roles", "groups"}
        for name in (HUB, PROGRAM):
            given = {one["id"] for one in admin.get_client_default_client_scopes(admin.get_client_id(name))}
            assert scope(admin) in given
    assert made.hub_secret == secret(keycloak, HUB)
    assert made.program_secret == secret(keycloak, PROGRAM)
    assert roles_of_programs(keycloak) == {"admin"}


def test_a_second_run_changes_nothing(keycloak):
    first = run(keycloak)
    keycloak.watch()
    again = run(keycloak)
    assert (again.done, keycloak.changes()) == ((), [])
    assert (again.hub_secret, again.program_secret) == (first.hub_secret, first.program_secret)


def test_what_changes_something_is_seen(keycloak):
    """Else the test before could not fail."""
    run(keycloak)
    keycloak.watch()
    run(keycloak, classes=("ML 2026", "ML 2027"))
    assert len(keycloak.changes()) == 1


def test_what_somebody_changed_is_put_right_and_what_is_his_own_stays(keycloak):
    run(keycloak)
    with keycloak.eyes() as admin:
        admin.update_realm(keycloak.realm, {"registrationAllowed": True, "displayNameHtml": "<b>the school's</b>"})
        hub, program = client(keycloak, HUB), client(keycloak, PROGRAM)
        spoilt = {**hub["attributes"], "pkce.code.challenge.method": ""}
        admin.update_client(hub["id"], {**hub, "redirectUris": ["*"], "attributes": spoilt})
        [audience] = [one for one in admin.get_mappers_from_client(program["id"]) if one["name"] == "audience"]
        audience["config"] = {**audience["config"], "included.custom.audience": "account"}
        admin.update_client_mapper(program["id"], audience["id"], audience)
        [groups] = [one for one in admin.get_mappers_from_client_scope(scope(admin)) if one["name"] == "groups"]
        admin.delete_mapper_from_client_scope(scope(admin), groups["id"])
        admin.create_realm_role({"name": "librarian"})
    done = run(keycloak).done
    with keycloak.eyes() as admin:
        realm = admin.get_realm(keycloak.realm)
        assert (realm["registrationAllowed"], realm["displayNameHtml"]) == (False, "<b>the school's</b>")
        assert "librarian" in {role["name"] for role in admin.get_realm_roles()}
        assert {mapper["name"] for mapper in admin.get_mappers_from_client_scope(scope(admin))} == {"roles", "groups"}
        [mapper] = [one for one in admin.get_mappers_from_client(program["id"]) if one["name"] == "audience"]
    assert mapper["config"]["included.custom.audience"] == "caseloop-desk"
    assert client(keycloak, HUB)["redirectUris"] == ["https://cases.test/hub/oauth_callback"]
    assert client(keycloak, HUB)["attributes"]["pkce.code.challenge.method"] == "S256"
    assert len(done) == 4
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
    run(keycloak, program_role=Role.MENTOR)
    assert roles_of_programs(keycloak) == {"mentor"}


def test_a_class_that_would_be_a_path_is_refused_before_anything_is_asked(keycloak):
    for name in ("a/b", "../x", "", " a", "x" * 65):
        with pytest.raises(ProvisioningFailed, match="no name of a class"):
            run(keycloak, classes=(name,))
    assert not keycloak.is_there()


def test_a_wrong_password_is_told(keycloak):
    server = keycloak.server
    with pytest.raises(ProvisioningFailed, match="Invalid user credentials"):
        provision(server.address, server.user, "wrong", wanted(keycloak), ca=server.ca)
    assert not keycloak.is_there()


def test_a_server_that_is_not_trusted_is_told(keycloak):
    server = keycloak.server
    if server.ca is None:
        pytest.skip("the system trusts this Keycloak's authority")
    with pytest.raises(ProvisioningFailed, match=f"Keycloak at {server.address}"):
        provision(server.address, server.user, server.password, wanted(keycloak))
    assert not keycloak.is_there()


def test_a_file_of_its_authority_that_is_not_there_is_told(tmp_path):
    nobody = Wanted("caseloop", "https://cases.test", "caseloop-desk")
    with pytest.raises(ProvisioningFailed, match=f"CASELOOP_OIDC_CA={tmp_path}/ca.pem is not there"):
        provision("https://127.0.0.1:1", "first-admin", "x", nobody, ca=tmp_path / "ca.pem")


def signed_in(keycloak: Installation, folder: Path) -> list[str]:
    return ["--user", keycloak.server.user, "--credentials", str(folder / "p")]


class TestCommand:
    @pytest.fixture
    def told(self, keycloak: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        for name, value in {
            "CASELOOP_HOME": str(tmp_path / "home"),
            "CASELOOP_OIDC_ISSUER": f"{keycloak.server.address}/realms/{keycloak.realm}",
            **({"CASELOOP_OIDC_CA": str(keycloak.server.ca)} if keycloak.server.ca else {}),
            "CASELOOP_OIDC_HUB_ADDRESS": "https://cases.test",
            "KEYCLOAK_PASSWORD": keycloak.server.password,
        }.items():
            monkeypatch.setenv(name, value)
        return tmp_path

    def test_it_puts_the_hubs_secret_into_the_store_and_the_programs_into_a_private_file(self, told, keycloak):
        ended = CliRunner().invoke(app, ["keycloak", "bootstrap", *signed_in(keycloak, told), "--class", "A"])
        assert ended.exit_code == 0, ended.output
        programs = secret(keycloak, PROGRAM)
        assert (told / "p" / "caseloop-cli").read_text() == programs
        assert (told / "p" / "caseloop-cli").stat().st_mode & 0o777 == 0o600
        stored = EncryptedFile(told / "home" / "vault" / "secrets").get(HUB_SECRET).decode()
        assert stored == secret(keycloak, HUB)
        assert programs not in ended.output
        assert stored not in ended.output

    def test_it_can_be_called_elsewhere_than_where_its_issuer_says(self, told, keycloak, monkeypatch):
        """Before the reverse proxy is up, its public name leads nowhere."""
        monkeypatch.setenv("CASELOOP_OIDC_ISSUER", f"https://sign-in.invalid/realms/{keycloak.realm}")
        command = ["keycloak", "bootstrap", *signed_in(keycloak, told), "--address"]
        ended = CliRunner().invoke(app, [*command, keycloak.server.address])
        assert ended.exit_code == 0, ended.output
        assert secret(keycloak, PROGRAM) == (told / "p" / "caseloop-cli").read_text()
        ended = CliRunner().invoke(app, [*command, "keycloak:8080"])
        assert (ended.exit_code, "is no address" in ended.output) == (2, True)

    def test_the_authority_of_the_public_name_is_not_asked_about_a_call_without_tls(self, told, monkeypatch):
        """Within docker-compose.yml; the container has no such file."""
        monkeypatch.setenv("CASELOOP_OIDC_CA", str(told / "missing.pem"))
        command = ["keycloak", "bootstrap", "--credentials", str(told / "p"), "--address", "http://127.0.0.1:1"]
        ended = CliRunner().invoke(app, command)
        assert (ended.exit_code, "Keycloak at http://127.0.0.1:1: " in ended.output) == (1, True), ended.output

    def test_a_missing_setting_and_an_issuer_that_is_no_keycloak_are_told(self, told, monkeypatch):
        monkeypatch.setenv("CASELOOP_OIDC_ISSUER", "https://sign-in.test/tenant")
        ended = CliRunner().invoke(app, ["keycloak", "bootstrap", "--credentials", str(told / "p")])
        assert (ended.exit_code, "is no realm of a Keycloak" in ended.output) == (2, True)
        monkeypatch.delenv("CASELOOP_OIDC_HUB_ADDRESS")
        ended = CliRunner().invoke(app, ["keycloak", "bootstrap", "--credentials", str(told / "p")])
        assert (ended.exit_code, "CASELOOP_OIDC_HUB_ADDRESS is not set" in ended.output) == (2, True)
