"""The chart, and the values of Zero to JupyterHub, against the rules of this house. No cluster is asked."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.helm.manifests import ACCOUNT, TEMPLATES, templates, write
from infra.helm.parts import PARTS, PORT
from infra.helm.policies import LABEL
from infra.production.serve import SERVED
from infra.production.settings import ProductionSettings
from services.gateway.dashboard.registration import PREFIX
from services.kit.places import Address
from spawner.network_server import NetworkServer
from vault.trust import CALLS, ENV, LISTENERS, SUPERVISOR

Json = dict[str, Any]
CHART = TEMPLATES.parent
PASSWORD = re.compile(r"PASSWORD|SECRET|TOKEN|API_KEY", re.IGNORECASE)
PLACE = re.compile(r"\{\{ \.([\w.]+) \}\}")
LABELLED = {ENV, "hub", "evaluator", SUPERVISOR, *LISTENERS} - {"proxy"}


@pytest.fixture(scope="module")
def values() -> Json:
    return dict(yaml.safe_load((CHART / "values.yaml").read_text()))


@pytest.fixture(scope="module")
def documents(values: Json) -> list[Json]:
    """All templates, with the default values put in as Helm does it."""

    def put(match: re.Match[str]) -> str:
        found: Any = {"Values": values, "Release": {"Namespace": "school"}}
        for name in match.group(1).split("."):
            found = found[name]
        assert isinstance(found, str)
        return found

    texts = [PLACE.sub(put, path.read_text()) for path in sorted((CHART / "templates").glob("*.yaml"))]
    assert not any("{{" in text for text in texts)
    return [document for text in texts for document in yaml.safe_load_all(text)]


@pytest.fixture(scope="module")
def z2jh(project: Path) -> Json:
    return dict(yaml.safe_load((project / "infra" / "helm" / "z2jh-values.yaml").read_text()))


def _of(documents: list[Json], kind: str) -> dict[str, Json]:
    return {one["metadata"]["name"]: one for one in documents if one["kind"] == kind}


def _pods(documents: list[Json]) -> dict[str, Json]:
    """Service -> the specification of its pods."""
    return {
        name.removeprefix("caseloop-"): one["spec"]["template"] for name, one in _of(documents, "Deployment").items()
    }


def test_the_templates_are_what_the_command_writes(tmp_path: Path) -> None:
    assert {path.name: path.read_text() for path in TEMPLATES.glob("*.yaml")} == templates()
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(templates())


def test_every_service_is_there_with_an_address_that_others_call(documents: list[Json]) -> None:
    assert set(LISTENERS) | {"metrics"} == {part.name for part in PARTS} == set(_pods(documents))
    assert {part.name for part in PARTS} <= set(SERVED)
    (settings,) = _of(documents, "ConfigMap").values()
    told = ProductionSettings(
        home=Path("/state"),
        network_address=settings["data"]["CASELOOP_NETWORK_ADDRESS"],
        network_port=int(settings["data"]["CASELOOP_NETWORK_PORT"]),
        _env_file=None,  # type: ignore[call-arg]
    )
    services = _of(documents, "Service")
    for name in LISTENERS:
        assert told.place(name) == Address(f"caseloop-{name}", PORT)
        service = services[f"caseloop-{name}"]["spec"]
        assert service["selector"] == {LABEL: name}
        assert service["ports"][0]["port"] == PORT
        assert service.get("type", "ClusterIP") == "ClusterIP"


def test_nobody_runs_as_root_or_with_more_than_it_needs(documents: list[Json]) -> None:
    for name, pod in _pods(documents).items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] == ACCOUNT, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), name
        (container,) = spec["containers"]
        confined = container["securityContext"]
        assert confined["readOnlyRootFilesystem"] is True, name
        assert confined["allowPrivilegeEscalation"] is False, name
        assert confined["capabilities"] == {"drop": ["ALL"]}, name
        assert set(container["resources"]["limits"]) == {"memory", "cpu", "ephemeral-storage"}, name
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), name
        loosened = confined["seccompProfile"]["type"] != "RuntimeDefault" or "procMount" in confined
        assert loosened is (name == "runner"), name
        assert spec.get("hostUsers", True) is (name != "runner"), "an unmasked /proc is for a user namespace only"


def _edges(documents: list[Json]) -> Iterator[tuple[str, str, str]]:
    """(direction, caller, callee) of every connection between parts of ours that a policy allows on the port."""
    for policy in _of(documents, "NetworkPolicy").values():
        own = policy["spec"]["podSelector"]["matchLabels"][LABEL]
        for direction, far in (("ingress", "from"), ("egress", "to")):
            for rule in policy["spec"].get(direction, []):
                if PORT not in [port["port"] for port in rule["ports"]]:
                    continue
                for peer in rule[far]:
                    other = peer.get("podSelector", {}).get("matchLabels", {}).get(LABEL)
                    if other is None:
                        assert peer == {
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}
                        }
                        other = "proxy"
                    yield (direction, other, own) if direction == "ingress" else (direction, own, other)


def test_the_network_lets_through_what_the_trust_graph_has_and_nothing_else(documents: list[Json]) -> None:
    graph = {(caller, callee) for caller, callees in CALLS.items() for callee in callees}
    edges = list(_edges(documents))
    assert {edge[1:] for edge in edges if edge[0] == "ingress"} == graph
    # calls of the proxy leave from the Ingress's own namespace, whose policies are not ours
    assert {edge[1:] for edge in edges if edge[0] == "egress"} == {edge for edge in graph if edge[0] != "proxy"}


def test_every_pod_is_held_by_a_policy_in_both_directions(documents: list[Json]) -> None:
    policies = _of(documents, "NetworkPolicy")
    for name, pod in _pods(documents).items():
        spec = policies[f"caseloop-{name}"]["spec"]
        assert spec["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert set(spec["policyTypes"]) == {"Ingress", "Egress"}
        assert all(rule.get("from") and rule.get("ports") for rule in spec["ingress"]), name
        assert all(rule.get("to") and rule.get("ports") for rule in spec["egress"]), name
    held = {policy["spec"]["podSelector"]["matchLabels"][LABEL] for policy in policies.values()}
    assert held == LABELLED


def test_the_world_is_reached_by_those_who_must(documents: list[Json]) -> None:
    anywhere = {
        name
        for name, policy in _of(documents, "NetworkPolicy").items()
        for rule in policy["spec"]["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
    }
    assert anywhere == {"caseloop-cases", "caseloop-mentoring", "caseloop-dashboard"}


def test_a_sign_in_and_a_password_go_to_their_owner_only(documents: list[Json]) -> None:
    for part in PARTS:
        spec = _pods(documents)[part.name]["spec"]
        secrets = {one["secret"]["secretName"] for one in spec["volumes"] if "secret" in one}
        expected = {f"caseloop-sign-in-{part.part}"}
        expected |= {f"caseloop-postgres-{part.name}"} if part.tables else set()
        expected |= {"caseloop-objects"} if part.objects else set()
        assert secrets == expected, part.name


def test_nothing_secret_stands_in_the_chart(documents: list[Json], z2jh: Json) -> None:
    assert _of(documents, "Secret") == {}
    told = [*_variables(documents), *z2jh["hub"]["extraEnv"].items()]
    assert [name for name, _ in told if PASSWORD.search(name)] == []
    for text in (path.read_text() for path in (CHART / "values.yaml", CHART.parent / "z2jh-values.yaml")):
        assert not re.search(r"^\s*\w*(password|secretToken|cookieSecret|apiToken)\w*\s*:", text, re.I | re.M)


def _variables(documents: list[Json]) -> Iterator[tuple[str, str]]:
    for settings in _of(documents, "ConfigMap").values():
        yield from settings["data"].items()
    for pod in _pods(documents).values():
        for container in pod["spec"]["containers"]:
            yield from ((one["name"], one["value"]) for one in container["env"])


def test_every_setting_is_known_and_a_text(documents: list[Json], z2jh: Json, project: Path) -> None:
    known = set(re.findall(r"^# (CASELOOP_\w+)=", (project / ".env.example").read_text(), re.M))
    told = [*_variables(documents), *z2jh["hub"]["extraEnv"].items()]
    assert {name for name, _ in told if name.startswith("CASELOOP_")} <= known
    assert {name for name, _ in told if not name.startswith("CASELOOP_")} == {"UV_CACHE_DIR"}
    assert [name for name, value in told if not isinstance(value, str)] == []


def test_images_are_named_without_a_registrys_host(documents: list[Json], z2jh: Json, values: Json) -> None:
    used = {container["image"] for pod in _pods(documents).values() for container in pod["spec"]["containers"]}
    assert used == set(values["images"].values())
    for image in (*used, z2jh["hub"]["image"]["name"], z2jh["hub"]["extraEnv"]["CASELOOP_LEARNER_IMAGE"]):
        assert re.fullmatch(r"caseloop/[a-z]+(:[\w.-]+)?", image), image


def test_what_is_mounted_is_there_and_read_only_unless_it_is_written(documents: list[Json]) -> None:
    for name, pod in _pods(documents).items():
        (container,) = pod["spec"]["containers"]
        volumes = {one["name"] for one in pod["spec"]["volumes"]}
        assert {one["name"] for one in container["volumeMounts"]} == volumes, name
        written = {one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")}
        assert {"/run/sign-in", "/run/secrets", "/run/objects", "/run/authorities"} & written == set(), name
    runner, cases = (_pods(documents)[name]["spec"]["containers"][0]["volumeMounts"] for name in ("runner", "cases"))
    place = {"mountPath": "/var/lib/caseloop/environments", "subPath": "environments"}
    assert any(place.items() <= one.items() and one["readOnly"] for one in runner)
    assert any(place.items() <= one.items() and not one["readOnly"] for one in cases)


def test_the_desk_is_reached_below_its_path_and_at_its_own_host_by_the_proxys_certificate(
    documents: list[Json], values: Json
) -> None:
    (ingress,) = _of(documents, "Ingress").values()
    rule, own = ingress["spec"]["rules"]
    assert (rule["host"], own["host"]) == (values["hub"]["host"], values["desk"]["host"])
    for host, below in ((rule, PREFIX), (own, "/")):
        (path,) = host["http"]["paths"]
        assert path["path"] == below
        assert path["backend"]["service"]["name"] == "caseloop-dashboard"
    assert {name for one in ingress["spec"]["tls"] for name in one["hosts"]} == {rule["host"], own["host"]}
    told = {name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items()}
    assert (told["proxy-ssl-name"], told["proxy-ssl-verify"]) == ("dashboard.caseloop.internal", "on")
    assert told["proxy-ssl-secret"] == "school/caseloop-proxy"


class TestZeroToJupyterHub:
    """The values for the other chart, whose schema is not ours to have here."""

    def test_the_hub_is_ours_and_meets_learners_on_the_claim(self, z2jh: Json, monkeypatch: pytest.MonkeyPatch) -> None:
        hub = z2jh["hub"]
        compile(hub["extraConfig"]["50-caseloop"], "50-caseloop", "exec")
        for name, value in hub["extraEnv"].items():
            monkeypatch.setenv(name, value)
        told = ProductionSettings(_env_file=None)  # type: ignore[call-arg]
        assert (told.isolation, told.place("gateway")) == ("kubernetes", Address("caseloop-gateway", PORT))
        assert told.cluster_plain
        claims = {one["name"]: one.get("persistentVolumeClaim", {}).get("claimName") for one in hub["extraVolumes"]}
        assert claims["learners"] == told.cluster_claim
        shared = {one["mountPath"]: one["subPath"] for one in hub["extraVolumeMounts"] if one["name"] == "learners"}
        assert shared == {
            str(told.home / "homes"): "homes",
            str(told.home / "data"): "data",
            str(told.run_dir / "e"): "e",
        }
        assert NetworkServer.plain_allowed.default_value is False

    def test_the_hub_is_confined_as_the_services_are(self, z2jh: Json) -> None:
        confined = z2jh["hub"]["containerSecurityContext"] | z2jh["hub"]["podSecurityContext"]
        assert confined["runAsUser"] == ACCOUNT
        assert confined["runAsNonRoot"] is True
        assert confined["readOnlyRootFilesystem"] is True
        assert confined["capabilities"] == {"drop": ["ALL"]}
        assert z2jh["hub"]["labels"] == {LABEL: "hub"}

    def test_every_policy_is_on_and_nothing_leaves_by_the_charts_own_rules_but_names(self, z2jh: Json) -> None:
        for policy in (
            z2jh["hub"]["networkPolicy"],
            z2jh["proxy"]["chp"]["networkPolicy"],
            z2jh["singleuser"]["networkPolicy"],
        ):
            assert policy["enabled"] is True
            allowed = {name for name, on in policy["egressAllowRules"].items() if on}
            assert allowed == {"dnsPortsKubeSystemNamespace"}
        assert z2jh["singleuser"]["networkPolicy"]["egress"] == []

    def test_one_of_the_two_ends_idle_environments(self, z2jh: Json) -> None:
        assert z2jh["cull"] == {"enabled": False}
        assert float(z2jh["hub"]["extraEnv"]["CASELOOP_ENVIRONMENT_IDLE_HOURS"]) > 0

    def test_both_charts_mean_the_same_names(self, z2jh: Json, values: Json, documents: list[Json]) -> None:
        env: Mapping[str, str] = z2jh["hub"]["extraEnv"]
        assert env["CASELOOP_OIDC_HUB_ADDRESS"] == f"https://{values['hub']['host']}"
        assert z2jh["ingress"]["hosts"] == [values["hub"]["host"]]
        assert env["CASELOOP_DASHBOARD_ADDRESS"] == values["desk"]["address"]
        desk = {one["name"]: one.get("value") for one in _pods(documents)["dashboard"]["spec"]["containers"][0]["env"]}
        assert desk["CASELOOP_DASHBOARD_ADDRESS"] == env["CASELOOP_DASHBOARD_ADDRESS"]
        assert desk["CASELOOP_DASHBOARD_HUB_ADDRESS"] == env["CASELOOP_OIDC_HUB_ADDRESS"]
        # both or neither, in the chart of the Hub's proxy
        assert bool(env["CASELOOP_WILDCARD_DOMAIN"]) is (
            "--host-routing" in z2jh["proxy"]["chp"]["extraCommandLineFlags"]
        )
        assert env["CASELOOP_OIDC_ISSUER"] == values["signIn"]["issuer"]
        (settings,) = _of(documents, "ConfigMap").values()
        for name in set(env) & set(settings["data"]):
            assert env[name] == settings["data"][name], name
