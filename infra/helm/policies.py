"""Network policies, written from the graph of who may call whom: what is not in it, the network refuses as well."""

from collections.abc import Mapping
from typing import Any, Final

from infra.helm.parts import METRICS_PORT, PORT, Outside, Part
from vault.trust import CALLS, LISTENERS

Json = dict[str, Any]
LABEL: Final = "caseloop.internal/part"
_EVERYWHERE: Final = {"ipBlock": {"cidr": "0.0.0.0/0"}}


def chosen(part: str) -> Json:
    """Selects the pods of a part."""
    return {"matchLabels": {LABEL: part}}


def _namespace(value: str) -> Json:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": value}}}


def _tcp(*ports: int) -> list[Json]:
    return [{"protocol": "TCP", "port": port} for port in ports]


DNS: Final[Json] = {
    "to": [_namespace("kube-system")],
    "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
}
OUTSIDE: Final[Mapping[Outside, Json]] = {
    "vault": {"to": [_namespace("{{ .Values.vault.namespace }}")], "ports": _tcp(8200)},
    "database": {"to": [_namespace("{{ .Values.database.namespace }}")], "ports": _tcp(5432)},
    "objects": {"to": [_namespace("{{ .Values.objects.namespace }}")], "ports": _tcp(9000, 443)},
    "model": {"to": [_namespace("{{ .Values.model.namespace }}")], "ports": _tcp(8000)},
    "traces": {"to": [_namespace("{{ .Values.traces.namespace }}")], "ports": _tcp(4318)},
    "hub": {"to": [{"podSelector": chosen("hub")}], "ports": _tcp(8081)},
    "sign-in": {"to": [_EVERYWHERE], "ports": _tcp(443)},
    "packages": {"to": [_EVERYWHERE], "ports": _tcp(443)},
    "mail": {"to": [_EVERYWHERE], "ports": _tcp(465, 587)},
}
"""How what is not ours is reached. Whatever lies outside the cluster cannot be told more narrowly than by its port."""


def callers(service: str) -> list[str]:
    """Who may call a service, as the trust graph has it."""
    return sorted(caller for caller, callees in CALLS.items() if service in callees)


def peer(caller: str) -> Json:
    """Where calls of a caller come from. The proxy that leads to the desk is the cluster's own Ingress."""
    if caller == "proxy":
        return _namespace("{{ .Values.ingress.namespace }}")
    return {"podSelector": chosen(caller)}


def calls(caller: str) -> list[Json]:
    """What a part may open connections to, of ours."""
    callees = sorted(CALLS.get(caller, ()))
    if not callees:
        return []
    return [{"to": [{"podSelector": chosen(callee)} for callee in callees], "ports": _tcp(PORT)}]


def policy(part: Part) -> Json:
    """All that may go in and out of a service's pods."""
    ingress = (
        [{"from": [peer(caller) for caller in callers(part.part)], "ports": _tcp(PORT)}]
        if part.part in LISTENERS
        else [{"from": [_namespace("{{ .Values.monitoring.namespace }}")], "ports": _tcp(METRICS_PORT)}]
    )
    egress = [*calls(part.part), DNS, *(OUTSIDE[name] for name in sorted(part.reaches))]
    return _policy(f"caseloop-{part.name}", part.part, ingress=ingress, egress=egress)


def neighbours() -> list[Json]:
    """What the other chart's pods, and those that an operator starts, may call of ours, besides its own policies."""
    others = sorted(set(CALLS) - set(LISTENERS) - {"proxy", "supervisor"})
    return [_policy(f"caseloop-{name}-calls", name, egress=[*calls(name), DNS]) for name in others]


def _policy(name: str, part: str, *, egress: list[Json], ingress: list[Json] | None = None) -> Json:
    rules: Json = {"egress": egress} if ingress is None else {"ingress": ingress, "egress": egress}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": chosen(part), "policyTypes": [kind.capitalize() for kind in rules], **rules},
    }
