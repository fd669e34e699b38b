"""The page that brings docker-compose.yml up: what it tells an operator to type is understood by what is typed to."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

from case_uploader.settings import CiSettings, ImageSettings, UploadSettings
from feedback.chat.settings import ChatSettings
from feedback.hints.settings import HintSettings
from feedback.model.settings import ModelSettings
from feedback.words.settings import WordsSettings
from infra.backup.settings import BackupSettings
from infra.cli import app
from infra.production.certificates import FOR_A_MODEL, FOR_LEARNERS, HOLDERS, make_certificate_folders, problems
from infra.production.first_run import FIRST_ADMIN, WITH_TABLES, make_folders, make_secrets, private_folders
from infra.production.settings import ProductionSettings
from services.gateway.dashboard.settings import DashboardSettings
from services.gateway.settings import GatewaySettings
from services.kit.settings import DatabaseSettings
from services.mentoring.settings import MailSettings, MentoringSettings
from services.progress.settings import ProgressSettings

PAGES = ("deploy", "backup", "observe")
READERS: Mapping[type[BaseSettings], tuple[str, ...]] = {
    GatewaySettings: ("gateway",),
    DashboardSettings: ("dashboard",),
    ProgressSettings: ("progress",),
    MentoringSettings: ("mentoring",),
    MailSettings: ("mentoring",),
    BackupSettings: ("backup",),
    UploadSettings: ("cases",),
    ImageSettings: ("cases", "builds-door"),
    CiSettings: ("cases",),
    ModelSettings: ("feedback",),
    HintSettings: ("feedback",),
    ChatSettings: ("feedback",),
    WordsSettings: ("feedback",),
    DatabaseSettings: WITH_TABLES,
}
"""Settings of one service -> who reads them; all others are everybody's, and the Hub's among them."""
FIXED = {
    # said of the embedded system on the same pages
    "CASELOOP_HOME", "CASELOOP_PORT", "CASELOOP_ISOLATION", "CASELOOP_LOGS__FORMAT",
    # what docker-compose.yml itself says where
    "CASELOOP_BACKUP_KEYCLOAK_URL", "CASELOOP_MAIL_LINK", "CASELOOP_MODEL_URL",
}  # fmt: skip


@pytest.fixture(scope="module")
def compose(project: Path) -> str:
    return (project / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def services(compose: str) -> Mapping[str, dict[str, Any]]:
    return dict(yaml.safe_load(compose)["services"])


@pytest.fixture(scope="module")
def pages(project: Path) -> Mapping[str, str]:
    return {name: (project / "docs" / "how-to" / f"{name}.md").read_text() for name in PAGES}


def typed(page: str) -> Iterator[list[str]]:
    """Each command of a page, in words; what stands in code within sentences, too, if it calls Compose."""
    blocks = re.findall(r"^ *```console\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    found = [line.strip()[2:] for line in lines if line.strip()[:2] in ("$ ", "# ")]
    found += re.findall(r"`(docker compose [^`]*)`", page)
    for line in found:
        if "(" not in line:  # a shell's own functions and loops
            yield shlex.split(line.replace("…", "x"))


def _compose_calls(page: str) -> Iterator[list[str]]:
    for words in typed(page):
        if words[:2] == ["docker", "compose"]:
            yield words[2:]


@pytest.mark.parametrize("name", PAGES)
def test_every_service_that_is_named_to_compose_is_there(
    name: str, pages: Mapping[str, str], services: Mapping[str, dict[str, Any]]
) -> None:
    profiles = {one for service in services.values() for one in service.get("profiles", ())} | {"*"}
    seen = 0
    for words in _compose_calls(pages[name]):
        rest = list(words)
        while rest and rest[0].startswith("-"):
            option = rest.pop(0)
            if option == "--profile":
                assert rest.pop(0) in profiles
        verb = rest.pop(0) if rest else ""
        if verb in ("up", "run", "exec", "stop", "restart"):
            named = [word for word in rest if word in services]
            plain = [word for word in rest if not word.startswith("-") and word != "x"]
            assert named or not plain, words
            seen += 1
    assert seen


def _of_ours(pages: Mapping[str, str]) -> Iterator[list[str]]:
    for page in pages.values():
        for words in typed(page):
            for at, word in enumerate(words):
                is_an_option = at > 0 and words[at - 1].startswith("-")
                if word.rpartition("/")[2] == "caseloop" and not is_an_option:
                    yield words[at + 1 :]


def test_every_command_of_ours_is_understood(pages: Mapping[str, str]) -> None:
    heard = 0
    for words in _of_ours(pages):
        command: Any = typer.main.get_command(app)
        rest = list(words)
        while hasattr(command, "get_command"):
            found = command.get_command(command.context_class(command), rest.pop(0))
            assert found is not None, words
            command = found
        command.make_context(" ".join(words[:2]), rest)  # raises for an option that it does not know, or lacks
        heard += 1
    assert heard > 5


def test_the_first_administrator_is_whom_the_set_up_signs_in_as(tmp_path: Path, pages: Mapping[str, str]) -> None:
    make_secrets(tmp_path / "secrets")
    told = dict(line.split("=", 1) for line in (tmp_path / "secrets" / "keycloak.env").read_text().splitlines())
    assert told["KC_BOOTSTRAP_ADMIN_USERNAME"] == FIRST_ADMIN
    said = CliRunner().invoke(app, ["keycloak", "bootstrap", "--help"], env={"COLUMNS": "200"}).output
    assert FIRST_ADMIN in said
    assert f"`{FIRST_ADMIN}`" in pages["deploy"]


def test_the_table_names_all_that_compose_itself_asks_for(compose: str, pages: Mapping[str, str]) -> None:
    asked = set(re.findall(r"\$\{(\w+)", compose))
    rows = re.search(r"^\*\*`\.env`\*\*.*?^\*\*`settings\.env`", pages["deploy"], re.MULTILINE | re.DOTALL)
    assert rows is not None
    firsts = [line.split("|")[1] for line in rows[0].splitlines() if line.startswith("| `")]
    assert {name for first in firsts for name in re.findall(r"`(\w+)`", first)} == asked


def test_every_setting_that_the_pages_name_reaches_its_service(
    compose: str, pages: Mapping[str, str], services: Mapping[str, dict[str, Any]]
) -> None:
    named = {one for page in pages.values() for one in re.findall(r"\bCASELOOP_\w*[A-Z]\b", page)}
    assert {"CASELOOP_ENVIRONMENT_MEMORY_MB", "CASELOOP_GATEWAY_CHECKS_AT_ONCE", "CASELOOP_BACKUP_KEEP"} <= named
    by_compose = set(re.findall(r"\$\{(\w+)", compose))
    for name in sorted(named - by_compose - FIXED):
        readers = next((who for one, who in READERS.items() if name in _variables(one)), None)
        if readers is None:
            assert name in _variables(ProductionSettings), name
        for who in readers or ("hub", "gateway", "runner"):
            service = services[who]
            assert {"path": "settings.env", "required": False} in service["env_file"], (who, name)
            assert name not in service["environment"], (who, name)


def _variables(model: type[BaseSettings]) -> set[str]:
    prefix = str(model.model_config["env_prefix"])
    found = set()
    for name, field in model.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        found |= {f"{prefix}{name}__{below}".upper() for below in inner} if inner else {f"{prefix}{name}".upper()}
    return found


def test_what_the_operator_says_cannot_be_committed(project: Path) -> None:
    ignored = (project / ".gitignore").read_text().splitlines()
    assert {"/.env", "/settings.env", ".secrets/", "/docker-compose.override.yml"} <= set(ignored)


@pytest.mark.openssl
class TestCertificates:
    @pytest.fixture
    def folder(self, pages: Mapping[str, str], tmp_path: Path) -> Path:
        """As the page's own lines make them."""
        made = tmp_path / "certificates"
        make_certificate_folders(made)
        blocks = re.findall(r"^ *```console\n(.*?)^ *```", pages["deploy"], re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks if "openssl" in block for line in block.splitlines()]
        script = "\n".join(line.strip().removeprefix("# ") for line in lines if " cd /" not in line)
        done = subprocess.run(
            ["bash", "-euc", f"umask 077\n{script}"], cwd=made, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        for file in made.rglob("*.pem"):
            file.chmod(0o444)
        (made / "minio" / "public.crt").chmod(0o444)
        return made

    def test_those_of_the_page_are_right_but_for_their_owners(self, folder: Path) -> None:
        said = list(problems(folder, model=True))
        keys = {f"{folder}/{place}/{holder.key}" for place, holder in HOLDERS.items()}
        others = {place for place, holder in HOLDERS.items() if holder.owner[0] != os.geteuid()}
        assert {line.partition(" must belong to account ")[0] for line in said} == {
            key for key in keys if Path(key).parent.name in others
        }
        if "vault" in others:
            key = f"{folder}/vault/vault.key"
            assert f"{key} must belong to account 100 alone: chown 100:1000 {key} && chmod 400 {key}" in said

    def test_nothing_is_said_of_a_model_where_there_is_none(self, tmp_path: Path) -> None:
        make_certificate_folders(tmp_path)
        said = list(problems(tmp_path))
        assert f"{tmp_path}/vault/vault.key is missing" in said
        assert not any(f"/{place}/" in line for place in FOR_A_MODEL for line in said)
        assert any("/model/ca.pem is missing" in line for line in problems(tmp_path, model=True))

    def test_that_of_learners_hosts_is_looked_at_where_it_is_or_should_be(self, tmp_path: Path) -> None:
        make_certificate_folders(tmp_path)
        place = tmp_path / FOR_LEARNERS
        assert not any(str(place) in line for line in problems(tmp_path))
        assert f"{place}/wildcard.pem is missing" in list(problems(tmp_path, wildcard="*.h.test"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "90",
             "-subj", "/CN=w", "-addext", "subjectAltName=DNS:*.h.test", "-out", place / "wildcard.pem",
             "-keyout", place / "wildcard.key"], capture_output=True, check=True,
        )  # fmt: skip
        said = [line for line in problems(tmp_path, wildcard="*.h.test") if str(place) in line]
        assert all("must belong to account 10004 alone" in line or "cannot read" in line for line in said)
        assert any("must be for the name *.other.test" in line for line in problems(tmp_path, wildcard="*.other.test"))

    def test_what_does_not_fit_is_said(self, folder: Path) -> None:
        (folder / "vault" / "vault.pem").unlink()
        (folder / "vault" / "vault.pem").write_bytes((folder / "minio" / "public.crt").read_bytes())
        (folder / "authorities" / "minio-ca.pem").unlink()
        (folder / "minio" / "private.key").write_text("no key")
        said = "\n".join(problems(folder))
        assert "vault.key is not the key of" in said
        assert "vault.pem must be for the name vault" in said
        assert "private.key is no PEM file" in said
        assert "minio-ca.pem is missing" in said

    def test_one_that_runs_out_is_said(self, folder: Path) -> None:
        soon = datetime.now(UTC) + timedelta(days=360)
        assert any("vault.pem is good until" in line for line in problems(folder, soon))

    def test_the_command_ends_with_1_until_all_is_right(self, folder: Path) -> None:
        (folder / "minio" / "public.crt").unlink()
        ended = CliRunner().invoke(app, ["production", "certificates", str(folder)])
        assert (ended.exit_code, "public.crt is missing" in ended.output) == (1, True)


def test_the_first_run_makes_the_folders_of_certificates_and_private_ones_for_the_set_up(tmp_path: Path) -> None:
    config = tmp_path / "etc"
    done = make_folders(tmp_path / "state", config)
    assert set(private_folders(config)) <= set(done.made)
    assert {config / "certificates" / name for name in (*HOLDERS, "authorities")} <= set(done.made)
    for folder in private_folders(config):
        # as vault.files.private_folder wants it
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not make_folders(tmp_path / "state", config).made
