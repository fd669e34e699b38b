"""How quickly the mentors' desk answers over a school of a thousand learners.

Every request goes through the desk's own door (session, role, scope token) to `mentoring` and `progress`, all in this
process and without TLS, over SQLite files. The Hub, the case store and what learners said of hints answer from memory.
Opening a replay is what the screen asks for before it can draw: the list of sessions, then the first part. What
mentors change is measured last, over the same school.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.dashboard_data import STEPS, VERSION, School, fill_mentoring, fill_progress, record_two_hours
from benchmarks.dashboard_writes import work_off
from benchmarks.harness import CouldNotRun, Figure, Report, main
from services.contracts.case import LearnerCase, Quotas, SubtaskView
from services.contracts.clients.authoring import AuthoringClient
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.evaluation import EvaluationClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.linting import LintingClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.measures import WeekRatings, week_begins
from services.gateway.dashboard.app import create_dashboard
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.hub_oauth import HubOAuth
from services.gateway.dashboard.place import SESSION_COOKIE, DeskPlace
from services.gateway.dashboard.registration import ACCESS_SCOPES, MENTOR_SCOPE, PREFIX
from services.gateway.dashboard.sessions import Sessions
from services.gateway.dashboard.settings import DashboardSettings
from services.gateway.ports import HubUser
from services.kit.adapters.mail_outbox import OutboxMailer
from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.app import running
from services.kit.database import Database
from services.kit.http import in_process_client
from services.kit.scope import ScopeMinter, ScopeVerifier
from services.mentoring.app import create_app as create_mentoring
from services.progress.app import create_app as create_progress

FULL: Final = School(learners=1_000, cases=30, escalations=10_000, events=1_000_000)
QUICK: Final = School(learners=100, cases=30, escalations=1_000, events=100_000)
API_MS: Final = 200.0
REPLAY_MS: Final = 300.0
_API: Final = f"{PREFIX}api"
_WARMING: Final = 3
"""Requests of each kind that are not measured."""


@dataclass(frozen=True)
class Place:
    """The desk over a filled school."""

    http: httpx.AsyncClient
    school: School
    escalations: list[str]
    watched: str
    """The escalation whose learner has a recorded session of two hours."""
    session: str
    events: int

    async def get(self, path: str) -> httpx.Response:
        """Ask for something as a mentor's browser does."""
        return await self.send("GET", path)

    async def send(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Ask for something, or change it."""
        answer = await self.http.request(method, f"{_API}/{path}", json=body)
        if answer.is_error:
            raise CouldNotRun(f"the desk answered {answer.status_code} to {method} {path}: {answer.text[:200]}")
        return answer


def run(report: Report) -> None:
    """Measure the desk's answers over 1,000 learners, 30 cases, 10,000 escalations and a million session events."""
    # A line a request would be most of what is measured.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        asyncio.run(_measure(report, Path(folder)))


async def _measure(report: Report, folder: Path) -> None:
    began = time.perf_counter()
    async with _place(folder, QUICK if report.quick else FULL) as place:
        note = f"{time.perf_counter() - began:.0f} s to fill"
        report.add("databases", Figure(_megabytes(folder), "MB", note=note))
        report.add("two_hour_session", Figure(place.events, "events"))
        times = 40 if report.quick else 200
        for name, paths in _asked(place).items():
            await _latencies(report, name, place, paths, times)
        await _replay(report, place, 10 if report.quick else 30)
        await _writes(report, place, times)


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.glob("*.sqlite*")) / 1e6


def _asked(place: Place) -> dict[str, Iterator[str]]:
    """What is measured, by name, and the requests of each; no two in a row are the same where that is possible."""
    chance = random.Random(5)
    cases, session = place.school.ids, f"queue/{place.watched}/sessions/{place.session}"

    def endless(make: Callable[[], str]) -> Iterator[str]:
        while True:
            yield make()

    return {
        "queue": endless(lambda: "queue?limit=50"),
        "queue_of_a_case": endless(lambda: f"queue?state=waiting&case={chance.choice(cases)}&limit=50"),
        "queue_answered": endless(lambda: "queue?state=answered&limit=50"),
        "queue_by_words": endless(lambda: "queue?state=all&q=missing+row&limit=50"),
        "queue_by_learner": endless(lambda: f"queue?state=all&learner={chance.choice(place.school.names)}&limit=50"),
        "queue_by_reason": endless(lambda: f"queue?state=all&reason=repeated_failure&case={chance.choice(cases)}"),
        "escalation": endless(lambda: f"queue/{chance.choice(place.escalations)}"),
        "class": endless(lambda: f"class?case={chance.choice(cases)}&limit=100"),
        "class_watch_list": endless(lambda: f"class?case={chance.choice(cases)}&watch=true&limit=100"),
        "versions": endless(lambda: f"queue/{chance.choice(place.escalations)}/versions"),
        "sessions": endless(lambda: f"queue/{chance.choice(place.escalations)}/sessions"),
        "session_part": endless(lambda: f"{session}?from={chance.randrange(place.events)}"),
        "measures": endless(lambda: "measures?days=30"),
    }


async def _latencies(report: Report, name: str, place: Place, paths: Iterator[str], times: int) -> None:
    for _ in range(_WARMING):
        await place.get(next(paths))
    computing = time.process_time()
    taken = [await _ms(place, next(paths)) for _ in range(times)]
    _tell(report, name, taken, (time.process_time() - computing) * 1e3 / times)


async def _writes(report: Report, place: Place, times: int) -> None:
    await work_off(place.send, _WARMING)
    for name, taken in (await work_off(place.send, times)).items():
        _tell(report, name, taken.ms, statistics.mean(taken.computed_ms))


def _tell(report: Report, name: str, taken: Sequence[float], computed: float) -> None:
    report.add(f"{name}_p50", Figure(statistics.median(taken), "ms", note=f"{computed:.1f} ms of processor"))
    report.add(f"{name}_p95", Figure(statistics.quantiles(taken, n=20)[-1], "ms", target=API_MS))


async def _ms(place: Place, *paths: str) -> float:
    began = time.perf_counter()
    for path in paths:
        await place.get(path)
    return (time.perf_counter() - began) * 1e3


async def _replay(report: Report, place: Place, times: int) -> None:
    sessions = f"queue/{place.watched}/sessions"
    first = f"{sessions}/{place.session}"
    computing = time.process_time()
    opened = [await _ms(place, sessions, first) for _ in range(times)]
    computed = f"{(time.process_time() - computing) * 1e3 / times:.1f} ms of processor"
    report.add("replay_opens", Figure(statistics.median(opened), "ms", target=REPLAY_MS, note=computed))
    report.add("replay_opens_p95", Figure(statistics.quantiles(opened, n=20)[-1], "ms", target=REPLAY_MS))
    frames = (await place.get(first)).json()["keyframes"]
    sought = [await _ms(place, f"{first}?from={random.Random(n).choice(frames)['seq']}") for n in range(times)]
    report.add("replay_seeks_p95", Figure(statistics.quantiles(sought, n=20)[-1], "ms", target=REPLAY_MS))
    size = len((await place.get(first)).content) / 1e3
    report.add("replay_first_part", Figure(size, "kB", note=f"{len(frames)} keyframes"))


@asynccontextmanager
async def _place(folder: Path, school: School) -> AsyncIterator[Place]:
    key = Ed25519PrivateKey.generate()
    minter, verifier = ScopeMinter(key), ScopeVerifier(key.public_key())
    databases = {
        name: Database(f"sqlite+aiosqlite:///{folder / name}.sqlite") for name in ("progress", "mentoring", "dashboard")
    }
    progress = create_progress(databases["progress"], DirectoryObjectStore(folder / "objects"), verifier)
    mailer = OutboxMailer(folder / "outbox", "mentors@example.org")
    mentoring = create_mentoring(databases["mentoring"], mailer, verifier)
    async with AsyncExitStack() as stack:
        for app in (progress, mentoring):
            await stack.enter_async_context(running(app))
        await fill_progress(databases["progress"], school)
        escalations = await fill_mentoring(databases["mentoring"], school)
        learner = ProgressClient(await stack.enter_async_context(in_process_client(progress, "gateway")))
        session, events = await record_two_hours(learner, minter, school.names[0], school.ids[0])
        nobody = await stack.enter_async_context(httpx.AsyncClient())
        backends = Backends(
            hub=HubOAuth(nobody, "", DeskPlace()),
            users=_OneMentor(),
            mentoring=MentoringClient(await stack.enter_async_context(in_process_client(mentoring, "dashboard"))),
            progress=ProgressClient(await stack.enter_async_context(in_process_client(progress, "dashboard"))),
            feedback=_Rated(nobody),
            linting=LintingClient(nobody),
            cases=_Published(nobody),
            authoring=AuthoringClient(nobody),
            evaluation=EvaluationClient(nobody),
        )
        settings = DashboardSettings(requests_per_second=1e6, request_burst=1_000_000)
        desk = create_dashboard(backends, minter, settings, databases["dashboard"], folder)
        await stack.enter_async_context(running(desk))
        cookie = await Sessions(databases["dashboard"], settings.session_lifetime).begin(_OneMentor.name, "a token")
        http = await stack.enter_async_context(in_process_client(desk, "proxy"))
        http.headers["Cookie"] = f"{SESSION_COOKIE}={cookie}"
        http.headers["X-XSRFToken"] = (await http.get(f"{_API}/me")).json()["xsrf"]
        yield Place(http, school, escalations, escalations[0], session, events)


class _OneMentor:
    """The Hub, which knows one mentor."""

    name: Final = "grace"

    async def user(self, token: str) -> HubUser | None:  # noqa: ARG002
        return HubUser(self.name, frozenset(), ACCESS_SCOPES | {MENTOR_SCOPE})


class _Rated(FeedbackClient):
    """The feedback service: the desk asks it what learners said of hints."""

    async def hint_ratings(
        self,
        case: str | None,  # noqa: ARG002
        since: datetime,
        until: datetime,
        scope: str,  # noqa: ARG002
    ) -> tuple[WeekRatings, ...]:
        return tuple(WeekRatings(begins=begins, rated=40, helpful=30) for begins in week_begins(since, until))


class _Published(CasesClient):
    """The case store: the desk asks it how many steps a case has."""

    async def current(self, case: str) -> LearnerCase:
        return _CASE.model_copy(update={"id": case})


_CASE: Final = LearnerCase(
    id="case",
    version=VERSION,
    number=1,
    title="A case",
    summary="",
    level="introductory",
    minutes=60,
    ai_mode="full",
    strictness="light",
    topics=(),
    quotas=Quotas(),
    subtasks=tuple(
        SubtaskView(id=f"step-{n}", title=f"Step {n}", index=n, points=1, cells=(), answer_cells=())
        for n in range(STEPS)
    ),
    notebook={},
    data=(),
)


if __name__ == "__main__":
    sys.exit(main("dashboard", run))
