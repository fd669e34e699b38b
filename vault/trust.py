"""The one written graph of who may call whom. All else is refused, in the connection and again by every route."""

from collections.abc import Mapping
from typing import Final

from vault.identity import Identity

ENV: Final = "env"
"""Stands for every learner's environment in the graph and in a route's list of callers."""

LISTENERS: Final = (
    "gateway",
    "dashboard",
    "progress",
    "mentoring",
    "feedback",
    "linting",
    "cases",
    "evaluation",
    "runner",
)
"""Services that answer others."""

SUPERVISOR: Final = "supervisor"
"""May ask every listener for its health and metrics, and nothing else."""

CALLS: Final[Mapping[str, frozenset[str]]] = {
    ENV: frozenset({"gateway"}),
    # Browsers of mentors, QA and admins, through the Hub's proxy.
    "proxy": frozenset({"dashboard"}),
    "gateway": frozenset({"progress", "mentoring", "feedback", "linting", "cases"}),
    "dashboard": frozenset({"progress", "mentoring", "feedback", "linting", "cases", "evaluation"}),
    # What mentors have answered before, by signature.
    "feedback": frozenset({"runner", "cases", "mentoring"}),
    # The data of a case version only; `cases` refuses it everything else.
    "runner": frozenset({"cases"}),
    # Trials of an author's own material, and of learners' work that an admin has judged again; verdicts that changed.
    "cases": frozenset({"feedback", "progress"}),
    # The spawner, which lives in the Hub, puts a case and its data in place and keeps the notebook; the Hub's pages
    # show whoever is signed in their own progress and questions.
    "hub": frozenset({"cases", "progress", "mentoring"}),
    # `caseloop eval … --service`: an operator has a suite judged by the pipeline that serves learners.
    "evaluator": frozenset({"feedback"}),
    SUPERVISOR: frozenset(LISTENERS),
}
"""Caller -> the services it may call."""

SERVICES: Final = tuple(sorted((CALLS.keys() | set(LISTENERS)) - {ENV}))
"""Every service that has a certificate, listener or not."""


SIGNED_FOR: Final[Mapping[str, frozenset[str]]] = {
    **{service: frozenset({service}) for service in SERVICES},
    # The Hub starts environments, and its proxy cannot ask for a certificate itself.
    "hub": frozenset({"hub", "proxy", ENV}),
}
"""Service -> whose certificates it may have signed, where an authority asks who it is (production)."""

READS: Final[Mapping[str, frozenset[str]]] = {
    # The private key of scope tokens is with those who sign them; all others check with the public one.
    "scope-signing-key": frozenset({"gateway", "dashboard"}),
    "scope-verifying-key": frozenset({"progress", "mentoring", "feedback", "cases", "evaluation"}),
    "hub-desk-token": frozenset({"hub", "dashboard"}),
    # The door to the figures reads the Hub's.
    "hub-figures-token": frozenset({"hub", SUPERVISOR}),
    "hub-cookie": frozenset({"hub"}),
    # What the Hub keeps of people's sign-ins is encrypted with the first; the second is the Hub's own at the provider.
    "hub-auth-state": frozenset({"hub"}),
    "hub-oidc-client": frozenset({"hub"}),
}
"""Secret -> the services that may read it (production)."""


def may_call(caller: Identity, callee: str) -> bool:
    """Tell whether `caller` may open a connection to the service named `callee`."""
    return callee in CALLS.get(caller.name if caller.is_service else ENV, frozenset())
