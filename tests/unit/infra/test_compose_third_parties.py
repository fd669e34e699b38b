"""What containers that are not ours need beyond our rules, as their own sources and documentation say it.

None of their images is at hand where this runs, so what they would refuse is written down here.
"""

import re
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from feedback.model.settings import ModelSettings
from infra.hosts import Hosts
from infra.hub.configuration import public_hosts
from infra.production.certificates import AUTHORITIES, FOR_LEARNERS, HOLDERS, PLACES
from infra.production.metrics import PORT
from infra.production.settings import ProductionSettings
from services.gateway.dashboard.settings import DashboardSettings
from services.kit.settings import ObjectSettings
from services.mentoring.settings import MailSettings
from tests.compose_file import told
from vault.settings import VaultSettings

Json = dict[str, Any]
BUILT_IN = {"KC_DB", "KC_HEALTH_ENABLED", "KC_CACHE"}


@pytest.fixture(scope="module")
def compose(project: Path) -> Json:
    return dict(yaml.safe_load((project / "docker-compose.yml").read_text()))


@pytest.fixture(scope="module")
def services(compose: Json) -> Mapping[str, Json]:
    return dict(compose["services"])


def tmpfs(service: Json) -> list[str]:
    """Where memory is mounted."""
    return [line.partition(":")[0] for line in map(told, service["tmpfs"])]


def recipe(project: Path, name: str) -> str:
    return (project / "infra" / "images" / f"{name}.Dockerfile").read_text()


class TestReverseProxy:
    def test_its_program_has_no_capability_of_its_own(self, services: Mapping[str, Json], project: Path) -> None:
        """The kernel starts no program whose capability the container may not have (`cap_drop: [ALL]`)."""
        assert services["reverse-proxy"]["image"].startswith("caseloop/reverse-proxy:")
        _, first, last = re.split(r"^FROM .*$", recipe(project, "reverse-proxy"), flags=re.MULTILINE)
        # a copy of the content alone; COPY of one that has the attribute would take it along
        assert re.search(r"^RUN cp /usr/bin/caddy /caddy\b", first, re.MULTILINE)
        assert "COPY --from=build /caddy /usr/bin/caddy" in last
        assert "setcap" not in first + last

    def test_it_may_open_the_ports_that_are_published_and_that_the_hub_calls(
        self, services: Mapping[str, Json]
    ) -> None:
        proxy = services["reverse-proxy"]
        assert proxy["sysctls"] == {"net.ipv4.ip_unprivileged_port_start": 0}
        # The Hub finds the sign-in here by its public name, so inside, too, it is on 443.
        assert {line.partition(":")[2] for line in proxy["ports"]} == {"80", "443"}
        assert told(services["hub"]["environment"]["CASELOOP_OIDC_ISSUER"], SIGN_IN_HOST="s.test").startswith(
            "https://s.test/"
        )

    def test_its_file_can_be_read_whatever_was_left_out(self, services: Mapping[str, Json], project: Path) -> None:
        """Variables are put in before words are told apart, so an empty one without quotes is a missing word."""
        text = (project / "infra" / "caddy" / "Caddyfile").read_text()
        environment = services["reverse-proxy"]["environment"]
        used = set(re.findall(r"\{\$(\w+)\}", text))
        assert used <= set(environment)
        filled = re.sub(r"\{\$(\w+)\}", lambda found: told(str(environment[found[1]])), text)
        words = [line.split() for line in filled.splitlines() if not line.strip().startswith("#")]
        assert ["email", '""'] in words
        assert ["not", "remote_ip", "127.0.0.1/32"] in words
        assert all(line != ["{"] for line in words[1:])  # a site has a name

    def test_the_desk_and_learners_have_sites_where_they_are_named_and_else_names_that_nobody_has(
        self, services: Mapping[str, Json], project: Path
    ) -> None:
        text = (project / "infra" / "caddy" / "Caddyfile").read_text()
        environment = services["reverse-proxy"]["environment"]

        def sites(**given: str) -> dict[str, str]:
            filled = re.sub(r"\{\$(\w+)\}", lambda found: told(str(environment[found[1]]), **given), text)
            return dict(re.findall(r"^(\S+) \{\n(.*?)^\}", filled, re.MULTILINE | re.DOTALL))

        without = sites(HUB_HOST="h.test", SIGN_IN_HOST="s.test")
        # no certificate is asked for: they are sites without TLS
        assert {"http://desk.invalid", "http://learners.invalid", "h.test", "s.test"} <= set(without)
        assert "import learners_\n" in without["http://learners.invalid"]
        assert without["(learners_)"].strip() == ""
        named = sites(HUB_HOST="h.test", SIGN_IN_HOST="s.test", DESK_HOST="d.test", WILDCARD_DOMAIN="*.h.test")
        assert not any(".invalid" in name for name in named)
        for name in ("h.test", "d.test", "*.h.test"):
            assert "reverse_proxy hub:8000" in named[name]
        assert "import learners_file\n" in named["*.h.test"]
        _, certificate, key = named["(learners_file)"].split()
        (source, seen, how) = (told(line) for line in services["reverse-proxy"]["volumes"][-1].rsplit(":", 2))
        assert (source, how) == (f"/etc/caseloop/certificates/{FOR_LEARNERS}", "ro")
        user, _, group = services["reverse-proxy"]["user"].partition(":")
        assert PLACES[FOR_LEARNERS].owner == (int(user), int(group))
        assert {certificate, key} == {f"{seen}/{FOR_LEARNERS}.pem", f"{seen}/{FOR_LEARNERS}.key"}

    def test_hub_desk_and_mails_hear_the_same_names(
        self, services: Mapping[str, Json], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        given = {"HUB_HOST": "h.test", "SIGN_IN_HOST": "s.test", "DESK_HOST": "d.test", "WILDCARD_DOMAIN": "*.h.test"}
        for name in ("hub", "dashboard", "mentoring"):
            for variable, value in services[name]["environment"].items():
                if variable.startswith(("CASELOOP_OIDC", "CASELOOP_DASHBOARD", "CASELOOP_WILDCARD", "CASELOOP_MAIL")):
                    monkeypatch.setenv(variable, told(value, **given))
        hub = ProductionSettings(home=tmp_path, mode="production", _env_file=None)  # type: ignore[call-arg]
        assert public_hosts(hub) == Hosts("https://h.test", "https://d.test", "*.h.test")
        desk = DashboardSettings(_env_file=None)  # type: ignore[call-arg]
        assert (desk.address, desk.hub_address) == ("https://d.test", "https://h.test")
        assert MailSettings(_env_file=None).link == "https://d.test/services/caseloop"  # type: ignore[call-arg]
        link = services["mentoring"]["environment"]["CASELOOP_MAIL_LINK"]
        assert told(link, HUB_HOST="h.test") == "https://h.test/services/caseloop"
        assert told(services["hub"]["environment"]["CASELOOP_DASHBOARD_ADDRESS"]) == ""

    def test_administration_is_nobodys_unless_an_address_is_named(self, services: Mapping[str, Json]) -> None:
        given = services["reverse-proxy"]["environment"]["SIGN_IN_ADMINS"]
        assert told(given) == "127.0.0.1/32"  # its own container
        assert told(given, SIGN_IN_ADMINS="192.0.2.0/24 198.51.100.7") == "192.0.2.0/24 198.51.100.7"


class TestMinio:
    def test_it_can_make_the_folders_without_which_it_ends(self, services: Mapping[str, Json]) -> None:
        """`.minio` in its home, `CAs` beside its certificates; a read-only file system is not forgiven."""
        minio = services["minio"]
        command = minio["command"]
        certificates = command[command.index("--certs-dir") + 1]
        assert {minio["environment"]["HOME"], certificates} <= set(tmpfs(minio))
        files = {line["target"]: line for line in minio["volumes"] if isinstance(line, dict)}
        assert set(files) == {f"{certificates}/public.crt", f"{certificates}/private.key"}
        for line in files.values():
            assert line["read_only"] is True
            # else the engine makes a folder of that name where the file should be
            assert line["bind"] == {"create_host_path": False}


class TestKeycloak:
    def test_nothing_hides_what_it_starts_from(self, services: Mapping[str, Json]) -> None:
        places = tmpfs(services["keycloak"])
        assert not any(Path("/opt/keycloak/lib/quarkus").is_relative_to(place) for place in places)
        assert "/opt/keycloak/data" in places

    def test_it_was_built_before_and_is_told_nothing_else_at_its_start(
        self, services: Mapping[str, Json], project: Path
    ) -> None:
        keycloak = services["keycloak"]
        assert keycloak["image"].startswith("caseloop/keycloak:")
        assert keycloak["command"][:2] == ["start", "--optimized"]
        stages = re.split(r"^FROM .*$", recipe(project, "keycloak"), flags=re.MULTILINE)[1:]
        built, started = (dict(re.findall(r"\b(KC_\w+)=(\S+)", stage)) for stage in stages)
        assert built == started
        assert set(built) == BUILT_IN
        assert "kc.sh build" in stages[0]
        assert not BUILT_IN & set(keycloak["environment"])
        given = {word.partition("=")[0].removeprefix("--") for word in keycloak["command"]}
        assert not {name.removeprefix("KC_").lower().replace("_", "-") for name in BUILT_IN} & given

    def test_the_set_up_reaches_it_and_vault_and_knows_whom_to_trust(
        self, services: Mapping[str, Json], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_up = services["set-up"]
        assert "--http-enabled=true" in services["keycloak"]["command"]
        for other in ("vault", "keycloak"):
            assert set(set_up["networks"]) & set(services[other]["networks"]), other
        # it comes before what would wait for it
        assert "depends_on" not in set_up
        places = {told(line).split(":")[1]: told(line).split(":")[0] for line in set_up["volumes"]}
        for name, value in set_up["environment"].items():
            monkeypatch.setenv(name, told(value))
        vault, objects = VaultSettings(_env_file=None), ObjectSettings(_env_file=None)  # type: ignore[call-arg]
        assert vault.ca is not None
        assert objects.ca is not None
        assert places[str(vault.ca.parent)] == f"/etc/caseloop/certificates/{AUTHORITIES}"
        assert vault.credentials is not None
        assert places[str(vault.credentials.parent)] == "/etc/caseloop/sign-ins"
        # what it keeps for itself meanwhile
        assert Path(set_up["environment"]["CASELOOP_HOME"]).is_relative_to("/tmp")
        assert "/tmp" in tmpfs(set_up)


class TestModel:
    def test_feedback_shows_what_the_server_asks_for_and_asks_for_what_it_shows(
        self, services: Mapping[str, Json], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        command = services["vllm"]["command"]
        assert "--ssl-cert-reqs=2" in command
        feedback = services["feedback"]
        for name, value in feedback["environment"].items():
            monkeypatch.setenv(name, told(value))
        without = ModelSettings(_env_file=None)  # type: ignore[call-arg]
        assert without.kind == "none"
        monkeypatch.setenv(
            "CASELOOP_MODEL_KIND", told(feedback["environment"]["CASELOOP_MODEL_KIND"], CASELOOP_MODEL_KIND="vllm")
        )
        model = ModelSettings(_env_file=None)  # type: ignore[call-arg]
        model.require_usable()
        assert f"--served-model-name={model.name}" in command
        assert model.base_url == f"https://{HOLDERS['model'].name}:8000/v1"
        mounted = "${CASELOOP_CERTIFICATES:-/etc/caseloop/certificates}/feedback:/run/model:ro"
        assert mounted in feedback["volumes"]
        shown = {str(path) for path in (model.ca, model.certificate, model.key)}
        assert shown == {f"/run/model/{name}" for name in HOLDERS["feedback"].files}
        for option, name in (
            ("certfile", HOLDERS["model"].certificate),
            ("keyfile", HOLDERS["model"].key),
            ("ca-certs", HOLDERS["model"].authority),
        ):
            assert f"--ssl-{option}=/certificates/{name}" in command

    def test_its_weights_are_fetched_by_another_that_has_a_way_out(
        self, services: Mapping[str, Json], compose: Json
    ) -> None:
        server, fetcher = services["vllm"], services["weights"]
        assert server["image"] == fetcher["image"]
        assert server["user"] == fetcher["user"]
        place = "${STATE:-/var/lib/caseloop}/models"
        assert f"{place}:/models:ro" in server["volumes"]
        assert fetcher["volumes"] == [f"{place}:/models"]
        assert server["environment"]["HF_HUB_CACHE"] == fetcher["environment"]["HF_HUB_CACHE"] == "/models"
        assert server["environment"]["HF_HUB_OFFLINE"] == "1"
        assert server["command"][0] == fetcher["environment"]["MODEL"]
        assert compose["networks"]["model"] == {"internal": True}
        assert not compose["networks"]["weights"].get("internal")
        assert "secrets" not in fetcher


def test_each_certificate_is_given_to_the_account_that_reads_it(services: Mapping[str, Json]) -> None:
    containers = {"vault": "vault", "minio": "minio", "model": "vllm", "feedback": "feedback"}
    assert set(containers) == set(HOLDERS)
    for holder, container in containers.items():
        assert services[container]["user"] == "{}:{}".format(*HOLDERS[holder].owner)


def test_the_door_to_the_figures_is_open_to_prometheus_alone(services: Mapping[str, Json], project: Path) -> None:
    """It listens at a name that it has on one network, and that network holds who asks and nobody else."""
    door = services["metrics"]
    (network,) = (name for name, how in door["networks"].items() if how.get("aliases"))
    assert door["networks"][network]["aliases"] == [door["environment"]["CASELOOP_METRICS_HOST"]]
    others = {name for name, one in services.items() if network in (one.get("networks") or ())}
    assert others == {"metrics", "prometheus"}
    # under any other name it would be asked where it does not listen
    shared = set(services["prometheus"]["networks"]) & set(door["networks"])
    assert shared == {network}
    assert f"//{door['environment']['CASELOOP_METRICS_HOST']}:{PORT}/" in door["healthcheck"]["test"][-1]
    assert f"metrics:{PORT}" in (project / "infra" / "prometheus" / "prometheus.yml").read_text()


def test_every_public_image_can_be_replaced_and_is_of_one_release(services: Mapping[str, Json], project: Path) -> None:
    built = runpy.run_path(str(project / "infra" / "images" / "build.py"))
    public = {name: image for one in built["GATHER"] for name, image in built["public_images"](one).items()}
    assert set(public) == {"BASE", "NODE", "CADDY", "KEYCLOAK"}
    assert built["replacements"]("own/python:1", ["CADDY=own/caddy@sha256:1"]) == {
        "BASE": "own/python:1",
        "CADDY": "own/caddy@sha256:1",
    }
    for wrong in ("NGINX=own/nginx:1", "NODE", "NODE="):
        with pytest.raises(built["CannotBuild"], match=r"BASE, CADDY, KEYCLOAK, NODE"):
            built["replacements"]("", [wrong])
    third = {one["image"] for one in services.values() if not one["image"].startswith("caseloop/")}
    for image in third | {public["CADDY"], public["KEYCLOAK"]}:
        tag = image.rpartition(":")[2]
        assert re.search(r"\d+\.\d+\.\d+|^17\.\d|RELEASE\.", tag), image
