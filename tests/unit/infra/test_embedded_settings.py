from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.settings import EmbeddedSettings
from services.gateway.settings import GatewaySettings
from services.mentoring.settings import MailSettings


def test_every_part_hears_what_the_projects_file_says_wherever_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("CASELOOP_GATEWAY_CHECK_BURST=3\nCASELOOP_GATEWAY_REQUEST_BURST=5\nCASELOOP_HOME=/srv/c\n")
    monkeypatch.setitem(EmbeddedSettings.model_config, "env_file", str(file))
    monkeypatch.delenv("CASELOOP_HOME", raising=False)
    monkeypatch.delenv("CASELOOP_GATEWAY_CHECK_BURST", raising=False)
    monkeypatch.setenv("CASELOOP_GATEWAY_REQUEST_BURST", "7")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    for name, value in EmbeddedSettings().variables().items():
        monkeypatch.setenv(name, value)
    assert EmbeddedSettings().home == Path("/srv/c")
    gateway = GatewaySettings()
    assert (gateway.check_burst, gateway.request_burst) == (3, 7), "the environment counts more than the file"


@pytest.mark.parametrize(
    ("host", "link"),
    [
        ("127.0.0.1", "http://127.0.0.1:8123/services/caseloop"),
        ("localhost", "http://localhost:8123/services/caseloop"),
        ("::1", "http://[::1]:8123/services/caseloop"),
        # Whoever reads the mail elsewhere needs the address of what stands in front.
        ("0.0.0.0", ""),
    ],
)
def test_mails_lead_to_the_desk_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, link: str
) -> None:
    monkeypatch.setitem(EmbeddedSettings.model_config, "env_file", str(tmp_path / ".env"))
    monkeypatch.delenv("CASELOOP_MAIL_LINK", raising=False)
    for name, value in EmbeddedSettings(host=host, port=8123).variables().items():
        monkeypatch.setenv(name, value)
    assert MailSettings().link == link


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_mails_lead_to_the_public_address_where_there_is_one(host: str) -> None:
    settings = EmbeddedSettings(host=host, public_address="https://cases.school.example", _env_file=None)
    assert settings.variables()["CASELOOP_MAIL_LINK"] == "https://cases.school.example/services/caseloop"


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("", ""),
        ("127.0.0.1", "127.0.0.1/32"),
        (" 10.1.2.0/24 , 2001:db8::/32,", "10.1.2.0/24,2001:db8::/32"),
    ],
)
def test_trusted_proxies_are_addresses_and_networks(tmp_path: Path, named: str, kept: str) -> None:
    assert EmbeddedSettings(trusted_proxies=named, home=tmp_path, _env_file=None).trusted_proxies == kept


@pytest.mark.parametrize("named", ["nginx", "10.1.2.3/24", "0.0.0.0/33", "0.0.0.0/0", "::/0", "127.0.0.1 10.0.0.1"])
def test_what_is_no_network_is_refused_at_the_start(named: str) -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        EmbeddedSettings(trusted_proxies=named, _env_file=None)


@pytest.mark.parametrize("link", ["https://desk.school.example", ""])
def test_the_operator_says_where_mails_lead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, link: str) -> None:
    (tmp_path / ".env").write_text(f"CASELOOP_MAIL_LINK={link}\n")
    monkeypatch.setitem(EmbeddedSettings.model_config, "env_file", str(tmp_path / ".env"))
    monkeypatch.delenv("CASELOOP_MAIL_LINK", raising=False)
    assert EmbeddedSettings().variables()["CASELOOP_MAIL_LINK"] == link
