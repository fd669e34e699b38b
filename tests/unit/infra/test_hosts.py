"""The desk's own host name and learners': what the Hub and its proxy are told, and which names are refused."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from traitlets.config import Config

from infra.hosts import Hosts, check_hosts
from infra.hub.configuration import configure, public_hosts
from infra.hub.proxy_process import standing_command, standing_variables
from infra.production.settings import ProductionSettings
from infra.settings import EmbeddedSettings
from tests.unit.spawner.in_a_cluster import platform
from vault.wiring import Vault, open_vault

HUB, DESK, WILDCARD = "https://learn.school.example", "https://desk.school.example", "*.learn.school.example"
PATH = "/services/caseloop/"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault("embedded", tmp_path)


def embedded(tmp_path: Path, **told: Any) -> EmbeddedSettings:
    (tmp_path / ".cache" / "setup").mkdir(parents=True, exist_ok=True)
    (tmp_path / ".cache" / "setup" / "node.json").write_text('{"node": "/usr/bin/node"}')
    return EmbeddedSettings(home=tmp_path, run_dir=tmp_path / "r", project=tmp_path, _env_file=None, **told)


def of_the_hub(settings: EmbeddedSettings, vault: Vault) -> Any:
    config = Config()
    configure(config, settings, vault, platform(settings.home))
    return config


def desk_service(config: Any) -> dict[str, Any]:
    (service,) = config.JupyterHub.services
    return dict(service)


def test_with_neither_all_is_as_it_was(tmp_path: Path, vault: Vault) -> None:
    settings = embedded(tmp_path, public_address=HUB)
    config = of_the_hub(settings, vault)
    assert list(config.Proxy.extra_routes) == [PATH]
    assert desk_service(config)["oauth_redirect_uri"] == f"{PATH}oauth_callback"
    assert config.JupyterHub.template_vars["desk_url"] == PATH
    assert "subdomain_host" not in config.JupyterHub
    assert "cookie_host_prefix_enabled" not in config.JupyterHub
    assert "--host-routing" not in standing_command(settings)
    told = standing_variables(settings, vault)
    assert (told["CASELOOP_PROXY_DESK_HOST"], told["CASELOOP_PROXY_HUB_ADDRESS"]) == ("", "")


def test_the_desks_own_host_is_known_to_hub_proxy_and_mails(tmp_path: Path, vault: Vault) -> None:
    settings = embedded(tmp_path, public_address=HUB, dashboard_address=f"{DESK}:8443")
    config = of_the_hub(settings, vault)
    assert desk_service(config)["oauth_redirect_uri"] == f"{DESK}:8443{PATH}oauth_callback"
    assert config.JupyterHub.template_vars["desk_url"] == f"{DESK}:8443{PATH}"
    # its old path still leads to it, and it leads on
    assert list(config.Proxy.extra_routes) == [PATH]
    assert standing_variables(settings, vault)["CASELOOP_PROXY_DESK_HOST"] == "desk.school.example"
    assert "--host-routing" not in standing_command(settings)
    told = settings.variables()
    assert told["CASELOOP_MAIL_LINK"] == f"{DESK}:8443/services/caseloop"
    assert told["CASELOOP_DASHBOARD_HUB_ADDRESS"] == HUB


def test_learners_get_hosts_below_the_hubs(tmp_path: Path, vault: Vault) -> None:
    settings = embedded(tmp_path, public_address=HUB, wildcard_domain=WILDCARD)
    config = of_the_hub(settings, vault)
    assert config.JupyterHub.subdomain_host == HUB
    assert config.JupyterHub.public_url == f"{HUB}/"
    # script of a learner's host can set no cookie of such a name for the Hub
    assert config.JupyterHub.cookie_host_prefix_enabled is True
    assert list(config.Proxy.extra_routes) == [f"learn.school.example{PATH}"]
    assert "--host-routing" in standing_command(settings)
    assert standing_variables(settings, vault)["CASELOOP_PROXY_HUB_ADDRESS"] == HUB


def test_without_tls_no_cookie_has_a_name_that_browsers_refuse_there(tmp_path: Path, vault: Vault) -> None:
    told = {"public_address": "http://caseloop.localhost:8000", "wildcard_domain": "*.caseloop.localhost"}
    config = of_the_hub(embedded(tmp_path, **told), vault)
    assert config.JupyterHub.subdomain_host == "http://caseloop.localhost:8000"
    assert config.JupyterHub.cookie_host_prefix_enabled is False


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"wildcard_domain": WILDCARD}, "CASELOOP_WILDCARD_DOMAIN needs CASELOOP_PUBLIC_ADDRESS"),
        ({"dashboard_address": DESK}, "CASELOOP_DASHBOARD_ADDRESS needs CASELOOP_PUBLIC_ADDRESS"),
        ({"public_address": HUB, "wildcard_domain": "*.school.example"}, r"must be \*.learn.school.example"),
        ({"public_address": HUB, "wildcard_domain": "learn.school.example"}, "wildcard_domain"),
        ({"public_address": "https://192.0.2.7", "wildcard_domain": "*.192.0.2.7"}, "wildcard_domain"),
        ({"public_address": HUB, "dashboard_address": HUB}, "another host name"),
        # script on a learner's host may set cookies for it, and a learner may be called so
        (
            {
                "public_address": HUB,
                "wildcard_domain": WILDCARD,
                "dashboard_address": "https://desk.learn.school.example",
            },
            "not below learn.school.example",
        ),
    ],
)
def test_names_that_keep_nothing_apart_are_refused_at_the_start(
    tmp_path: Path, told: dict[str, str], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        embedded(tmp_path, **told)


def test_in_production_the_hub_looks_at_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASELOOP_OIDC_HUB_ADDRESS", HUB)
    monkeypatch.setenv("CASELOOP_OIDC_ISSUER", "https://sign-in.school.example/realms/caseloop")
    settings = ProductionSettings(
        home=tmp_path, run_dir=tmp_path / "r", mode="production", dashboard_address=DESK, wildcard_domain=WILDCARD,
        _env_file=None,  # type: ignore[call-arg]
    )  # fmt: skip
    assert public_hosts(settings) == Hosts(HUB, DESK, WILDCARD)
    monkeypatch.setenv("CASELOOP_OIDC_ISSUER", "https://sign-in.learn.school.example/realms/caseloop")
    with pytest.raises(ValueError, match="CASELOOP_OIDC_ISSUER must have a host name that is not below"):
        public_hosts(settings)


def test_a_name_that_only_ends_alike_is_not_below() -> None:
    check_hosts(Hosts(HUB, "https://desk-learn.school.example", WILDCARD), "X", {"Y": "https://mylearn.school.example"})
