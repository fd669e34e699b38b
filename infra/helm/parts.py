"""The services as Kubernetes has to run them: what each is given, and whom outside it must reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from services.gateway.dashboard.registration import PREFIX
from vault.trust import SUPERVISOR

HOME: Final = "/var/lib/caseloop"
AUTHORITIES: Final = "/run/authorities"
"""Certificates of the authorities of Vault, PostgreSQL and the object store."""
SIGN_IN: Final = "/run/sign-in"
PORT: Final = 8443
METRICS_PORT: Final = 9464
HUB_URL: Final = "http://hub:8081"
"""The Hub's service in the chart of Zero to JupyterHub; its network policy lets in who bears `REACHES_HUB`."""
REACHES_HUB: Final = {"hub.jupyter.org/network-access-hub": "true"}
DESK_PATH: Final = PREFIX
Outside = Literal["database", "hub", "mail", "model", "objects", "packages", "sign-in", "traces", "vault"]


@dataclass(frozen=True)
class Part:
    """One service."""

    name: str
    """As `caseloop serve` knows it."""
    memory: str
    cpus: str
    tmp: str = "64Mi"
    disk: str = "1Gi"
    """Of the node, for what is not kept."""
    image: str = ""
    """The image that it runs, where that has another name."""
    label: str = ""
    """Its name in the trust graph, if that is another."""
    tables: bool = False
    objects: bool = False
    keeps: bool = False
    """Whether it keeps files of its own on the claim."""
    environments: Literal["", "read", "write"] = ""
    """How it sees the virtual environments of cases."""
    sandboxes: bool = False
    """Whether it makes sandboxes inside, for which Kubernetes' own confinement has to give way."""
    outside: frozenset[Outside] = frozenset()
    variables: Mapping[str, str] = field(default_factory=dict)
    more_from: str = ""
    """A secret whose keys are variables, too."""

    @property
    def part(self) -> str:
        """Its name in the trust graph and in labels."""
        return self.label or self.name

    @property
    def reaches(self) -> frozenset[Outside]:
        """All that it calls besides services of ours."""
        own: set[Outside] = {"vault", "traces"}
        if self.tables:
            own.add("database")
        if self.objects:
            own.add("objects")
        return self.outside | own


_TO_HUB: Final = {"CASELOOP_GATEWAY_HUB_URL": HUB_URL}
_ISSUER: Final = {"CASELOOP_OIDC_ISSUER": "{{ .Values.signIn.issuer }}"}

PARTS: Final = (
    Part(
        "cases",
        "3Gi",
        "2",
        tmp="256Mi",
        disk="24Gi",
        tables=True,
        objects=True,
        keeps=True,
        environments="write",
        outside=frozenset({"packages"}),
        variables={
            "CASELOOP_ISOLATION": "kubernetes",
            "CASELOOP_SCRATCH": "/scratch/files",
            "UV_CACHE_DIR": "/scratch/files/uv",
        },
        more_from="caseloop-packages",
    ),
    Part("progress", "512Mi", "1", tables=True, objects=True),
    Part("mentoring", "512Mi", "1", tables=True, outside=frozenset({"mail"}), more_from="caseloop-mail"),
    Part("linting", "2Gi", "2", tmp="512Mi"),
    Part("runner", "8Gi", "4", tmp="1Gi", disk="4Gi", keeps=True, environments="read", sandboxes=True),
    Part(
        "feedback",
        "1Gi",
        "2",
        tables=True,
        keeps=True,
        outside=frozenset({"model"}),
        more_from="caseloop-model",
    ),
    Part("evaluation", "1Gi", "1", keeps=True),
    Part("gateway", "512Mi", "1", outside=frozenset({"hub"}), variables=_TO_HUB),
    Part(
        "dashboard",
        "512Mi",
        "1",
        tables=True,
        outside=frozenset({"hub", "sign-in"}),
        variables=_TO_HUB
        | _ISSUER
        | {
            "CASELOOP_DASHBOARD_ADDRESS": "{{ .Values.desk.address }}",
            "CASELOOP_DASHBOARD_HUB_ADDRESS": "https://{{ .Values.hub.host }}",
        },
    ),
    Part("metrics", "192Mi", "500m", image="doors", label=SUPERVISOR),
)
