"""Writes the templates of the chart `caseloop`: `python -m infra.helm.manifests`. A test holds them against this.

Templates are whole YAML: what an operator chooses stands in quotes, as `'{{ .Values.vault.address }}'`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from infra.helm.parts import (
    AUTHORITIES,
    DESK_PATH,
    HOME,
    METRICS_PORT,
    PARTS,
    PORT,
    REACHES_HUB,
    SIGN_IN,
    Part,
)
from infra.helm.policies import LABEL, chosen, neighbours, policy
from vault.identity import host_name

Json = dict[str, Any]
TEMPLATES: Final = Path(__file__).parent / "caseloop" / "templates"
ACCOUNT: Final = 10001
"""User and group of the images."""
_NOTE: Final = "# Written by `python -m infra.helm.manifests`; change that, or values.yaml.\n"
_SECONDS: Final = 15
_LABELS: Final = {"app.kubernetes.io/part-of": "caseloop"}


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice out twice."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the dumper's signature
        return True


def templates() -> dict[str, str]:
    """File name -> content."""
    made = {"settings.yaml": [_settings()], "neighbours.yaml": neighbours(), "desk-ingress.yaml": [_desk_ingress()]}
    made |= {f"{part.name}.yaml": [_deployment(part), _service(part), policy(part)] for part in PARTS}
    return {name: _NOTE + _text(documents) for name, documents in made.items()}


def _text(documents: Sequence[Json]) -> str:
    text: str = yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, width=120)
    return text


def write(folder: Path = TEMPLATES) -> None:
    """Replace the templates."""
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.yaml"):
        old.unlink()
    for name, text in templates().items():
        (folder / name).write_text(text)


# --- settings ---------------------------------------------------------------------------------------------------------


def _settings() -> Json:
    data = {
        "CASELOOP_MODE": "production",
        "CASELOOP_HOME": HOME,
        "CASELOOP_RUN_DIR": f"{HOME}/run",
        "CASELOOP_NETWORK_ADDRESS": "caseloop-{service}",
        "CASELOOP_NETWORK_PORT": str(PORT),
        "CASELOOP_LOGS__FORMAT": "json",
        "CASELOOP_TLS__SERVICE_LIFETIME": "PT6H",
        "CASELOOP_TRACES__ENDPOINT": "{{ .Values.traces.endpoint }}",
        "CASELOOP_VAULT_ADDRESS": "{{ .Values.vault.address }}",
        "CASELOOP_VAULT_CA": f"{AUTHORITIES}/vault.pem",
        "CASELOOP_VAULT_CREDENTIALS": SIGN_IN,
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "caseloop-settings"}, "data": data}


def _variables(part: Part) -> list[Json]:
    found: dict[str, str] = {}
    if part.tables:
        found["CASELOOP_DATABASE_URL"] = "{{ .Values.database.url }}"
        found["CASELOOP_DATABASE_CA"] = f"{AUTHORITIES}/postgres.pem"
        found["CASELOOP_DATABASE_CREDENTIALS"] = "/run/secrets"
    if part.objects:
        found["CASELOOP_OBJECTS_ENDPOINT"] = "{{ .Values.objects.endpoint }}"
        found["CASELOOP_OBJECTS_CA"] = f"{AUTHORITIES}/objects.pem"
        found["CASELOOP_OBJECTS_CREDENTIALS"] = "/run/objects"
    return [{"name": name, "value": value} for name, value in (found | dict(part.variables)).items()]


# --- workloads --------------------------------------------------------------------------------------------------------


def _deployment(part: Part) -> Json:
    reaches_hub = REACHES_HUB if "hub" in part.reaches else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"caseloop-{part.name}", "labels": _LABELS},
        "spec": {
            "replicas": 1,
            "selector": chosen(part.part),
            "template": {
                "metadata": {"labels": {**_LABELS, LABEL: part.part, **reaches_hub}},
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 30,
                    # a sandbox needs user namespaces, which Kubernetes lets a pod make in one of its own only
                    **({"hostUsers": False} if part.sandboxes else {}),
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": ACCOUNT,
                        "runAsGroup": ACCOUNT,
                        "fsGroup": ACCOUNT,
                        "fsGroupChangePolicy": "OnRootMismatch",
                    },
                    "containers": [_container(part)],
                    "volumes": [volume for volume, _ in _volumes(part)],
                },
            },
        },
    }


def _container(part: Part) -> Json:
    more = [{"secretRef": {"name": part.more_from, "optional": True}}] if part.more_from else []
    return {
        "name": part.name,
        "image": f"{{{{ .Values.images.{part.image or part.name} }}}}",
        "imagePullPolicy": "IfNotPresent",
        "command": ["caseloop", "serve", part.name],
        "envFrom": [{"configMapRef": {"name": "caseloop-settings"}}, *more],
        "env": _variables(part),
        "ports": [{"name": "service", "containerPort": _port(part)}],
        "resources": {
            "requests": {"memory": "192Mi", "cpu": "100m"},
            "limits": {"memory": part.memory, "cpu": part.cpus, "ephemeral-storage": part.disk},
        },
        "securityContext": _confinement(part),
        **_probes(part),
        "volumeMounts": [mount for _, mounts in _volumes(part) for mount in mounts],
    }


def _confinement(part: Part) -> Json:
    confinement: Json = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    if part.sandboxes:
        confinement |= {
            "seccompProfile": {"type": "Unconfined"},
            "appArmorProfile": {"type": "Unconfined"},
            "procMount": "Unmasked",
        }
    return confinement


def _probes(part: Part) -> Json:
    if part.name == "metrics":
        ask: Json = {"httpGet": {"path": "/health", "port": METRICS_PORT}}
    else:
        # what listens speaks to nobody without a certificate
        ask = {"exec": {"command": ["caseloop", "production", "alive", part.name]}}
    regular = ask | {"periodSeconds": _SECONDS, "timeoutSeconds": 10}
    return {
        "startupProbe": ask | {"periodSeconds": 5, "timeoutSeconds": 10, "failureThreshold": 36},
        "readinessProbe": regular | {"failureThreshold": 2},
        "livenessProbe": regular | {"failureThreshold": 4},
    }


def _volumes(part: Part) -> Iterator[tuple[Json, list[Json]]]:
    """Volumes of a pod, each with where it is mounted."""
    if on_claim := _on_claim(part):
        claim = {"claimName": "{{ .Values.claims.state }}"}
        yield {"name": "state", "persistentVolumeClaim": claim}, on_claim
    yield _empty("run", "16Mi", memory=True), [{"name": "run", "mountPath": f"{HOME}/run"}]
    yield _empty("tmp", part.tmp), [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - the container's own
    yield (
        {"name": "authorities", "configMap": {"name": "caseloop-authorities"}},
        [{"name": "authorities", "mountPath": AUTHORITIES, "readOnly": True}],
    )
    yield _secret("sign-in", f"caseloop-sign-in-{part.part}", SIGN_IN)
    if part.tables:
        yield _secret("database", f"caseloop-postgres-{part.name}", "/run/secrets")
    if part.objects:
        yield _secret("objects", "caseloop-objects", "/run/objects")
    if "CASELOOP_SCRATCH" in part.variables:
        yield _empty("scratch", "20Gi"), [{"name": "scratch", "mountPath": "/scratch"}]


def _on_claim(part: Part) -> list[Json]:
    """Its home, if it keeps files, and the environments of cases; mounted first, for others lie below."""
    found: list[Json] = [{"name": "state", "mountPath": HOME, "subPath": part.name}] if part.keeps else []
    if part.environments:
        found.append(
            {
                "name": "state",
                "mountPath": f"{HOME}/environments",
                "subPath": "environments",
                "readOnly": part.environments == "read",
            }
        )
    return found


def _empty(name: str, size: str, *, memory: bool = False) -> Json:
    return {"name": name, "emptyDir": {**({"medium": "Memory"} if memory else {}), "sizeLimit": size}}


def _secret(name: str, secret: str, path: str) -> tuple[Json, list[Json]]:
    # readable for the account by its group, which is the volume's
    volume = {"name": name, "secret": {"secretName": secret, "defaultMode": 0o440}}
    return volume, [{"name": name, "mountPath": path, "readOnly": True}]


def _port(part: Part) -> int:
    return METRICS_PORT if part.name == "metrics" else PORT


def _service(part: Part) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"caseloop-{part.name}", "labels": _LABELS},
        "spec": {
            "selector": {LABEL: part.part},
            "ports": [{"name": "service", "port": _port(part), "targetPort": "service"}],
        },
    }


def _desk_ingress() -> Json:
    """The way from browsers to the desk. It shows the certificate of `proxy`, which the operator keeps in a secret."""
    nginx: Mapping[str, str] = {
        "backend-protocol": "HTTPS",
        "proxy-ssl-secret": "{{ .Release.Namespace }}/caseloop-proxy",
        "proxy-ssl-verify": "on",
        "proxy-ssl-verify-depth": "2",
        "proxy-ssl-name": host_name("dashboard"),
        "proxy-ssl-server-name": "on",
        "proxy-ssl-protocols": "TLSv1.3",
        "proxy-buffering": "off",
        "proxy-body-size": "32m",
        "proxy-read-timeout": "1200",
    }
    backend = {"service": {"name": "caseloop-dashboard", "port": {"name": "service"}}}
    hub, desk = "{{ .Values.hub.host }}", "{{ .Values.desk.host }}"
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "caseloop-desk",
            "annotations": {f"nginx.ingress.kubernetes.io/{name}": value for name, value in nginx.items()},
        },
        "spec": {
            "ingressClassName": "{{ .Values.ingress.class }}",
            "tls": [
                {"hosts": [hub], "secretName": "{{ .Values.hub.certificate }}"},
                {"hosts": [desk], "secretName": "{{ .Values.desk.certificate }}"},
            ],
            # all of its own host, and its path of the Hub's, which leads there or is all that there is
            "rules": [
                {"host": host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
                for host, path in ((hub, DESK_PATH), (desk, "/"))
            ],
        },
    }


if __name__ == "__main__":
    write()
