"""A learner at work, standing where a Lab stands: what is done one after another, and what of it was acknowledged.

What is checked is known to be right or wrong, so that each verdict can be told right or wrong, too. Questions are
answered by a model that says fixed sentences.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from benchmarks.acknowledged import Entry, Ledger, Verdicts, What
from benchmarks.case_at_hand import CaseAtHand
from benchmarks.lab_calls import LabCalls, Refused
from benchmarks.latencies import Kind, Latencies
from services.contracts.assistance import AiChoice
from services.contracts.case import Flaw
from services.contracts.chat import AskChat, ChatDone, Conversation
from services.contracts.escalation import Escalate, EscalationView, Offer
from services.contracts.feedback import Verdict
from services.contracts.lab import LabCheck, LabFeedback, LabReview
from services.contracts.notebook import Cell, notebook_digest
from services.contracts.progress import SavedNotebook, SavedSummary, VersionSummary
from services.kit.clock import utc_now

SHARES: Final = {Kind.SAVE: 45, Kind.CHECK: 20, Kind.PANEL: 15, Kind.CHAT: 10, Kind.REVIEW: 10}
"""Of a hundred things that learners do. A Lab saves by itself; the rest are clicks."""
_STUCK: Final = 10
"""Every tenth learner makes the same mistake again and again, until a mentor is offered and asked."""
_RIGHT: Final = 0.6
"""Share of right answers among the checks of the others."""
_TRIED_AGAIN_AFTER: Final = 2.0
"""Seconds in which somebody has read what went wrong, and presses again."""
_QUESTIONS: Final = (
    "I do not see why this step is not accepted yet. What should I look at first?",
    "The table looks fine to me. How would I notice that something is missing in it?",
    "Do I have to look at every column, or is there one that decides?",
    "Is there a way to check that on two rows only?",
)
Work = Callable[[], Awaitable[object]]


class NotJudged(Exception):
    """A check ended without a verdict, by the platform's own fault; it said so."""


@dataclass
class Record:
    """What is noted of everybody."""

    latencies: Latencies = field(default_factory=Latencies)
    kept: Ledger = field(default_factory=Ledger)
    verdicts: Verdicts = field(default_factory=Verdicts)


@dataclass(frozen=True)
class Manner:
    """How somebody goes about it."""

    pause: float
    """Seconds between two things that one person does, on average."""
    again: bool = False
    """What failed is tried again until it works, as somebody would who was told to."""


class Pace:
    """When somebody does the next thing. A wait that a part of the lesson ends in goes on in the next part."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._left: float | None = None
        """Seconds still to wait; None before the first thing."""

    async def next(self, over: asyncio.Event, manner: Manner) -> bool:
        """Wait until it is time; False when the part of the lesson is over before that."""
        if self._left is None:
            self._left = self._chance.uniform(0, manner.pause)
        begun = time.monotonic()
        await pause(over, self._left)
        if over.is_set():
            self._left = max(0.0, self._left - (time.monotonic() - begun))
            return False
        self._left = min(self._chance.expovariate(1 / manner.pause), 4 * manner.pause)
        return True


class Learner:
    """One learner, with a script that is the same in each run."""

    def __init__(self, number: int, name: str, http: httpx.AsyncClient, case: CaseAtHand, record: Record) -> None:
        self.name, self._lab, self._case, self.record = name, LabCalls(http), case, record
        self._chance = random.Random(number)
        self._pace = Pace(self._chance)
        self._stuck = number % _STUCK == 0
        steps = case.draft.author.subtasks
        self._done, self._at = (steps[(number + offset) % len(steps)].view.id for offset in (0, 1))
        self._marks = 0

    async def arrive(self) -> None:
        """Decide about AI and solve a first step; whoever is stuck is so from the beginning. Refused, NotJudged."""
        await self._lab.send("POST", "/api/assistance/choice", AiChoice(ai=True))
        await self.check(self._done, None)
        if self._stuck:
            # so that the tools of the review have been loaded before anything is measured
            await self._work(Kind.REVIEW)()
            for _ in range(3):
                await self.check(self._at, self._flaw())

    async def attend(self, over: asyncio.Event, manner: Manner) -> None:
        """Work until the lesson is over; what is under way then is still waited for."""
        while await self._pace.next(over, manner):
            kind = self._chance.choices(list(SHARES), list(SHARES.values()))[0]
            await tried(self.record.latencies, kind, self._work(kind), over, manner)

    async def one_call(self, kind: Kind, seed: int, latencies: Latencies) -> None:
        """Do one thing of that kind, with nobody else about: what it is depends on the seed and this learner only."""
        self._chance.seed(seed)
        await tried(latencies, kind, self._work(kind), asyncio.Event(), Manner(pause=0))

    async def look_again(self, found: Ledger) -> None:
        """Read back what is kept of this learner's work. Refused."""
        for version in await self._lab.all(VersionSummary, "/api/history", limit="500"):
            found.keep(self._entry("check", version.submission), str(version.verdict))
        for saved in await self._lab.all(SavedSummary, "/api/notebook/versions"):
            found.keep(self._entry("save", saved.digest))
        talk = Conversation.model_validate_json(await self._lab.get("/api/chat", subtask=self._at))
        for message in talk.messages:
            found.keep(self._entry("message", message.id), message.text)
        for question in await self._lab.all(EscalationView, "/api/escalations", subtask=self._at):
            found.keep(self._entry("question", question.id))

    async def check(self, subtask: str, flaw: Flaw | None, mark: str = "") -> None:
        """Check a right answer, or one with a known mistake. Refused, NotJudged."""
        body = LabCheck(subtask=subtask, cells=flawed(self._case.cells(mark or self._mark()), flaw))
        told = LabFeedback.model_validate_json(await self._lab.followed("/api/check", body, "feedback"))
        verdict = told.feedback.verdict
        expected = Verdict.APPROVED if flaw is None else Verdict.NEEDS_WORK
        self.record.verdicts.told(f"{self.name}, {subtask}, version {told.number}", expected, verdict)
        if verdict is Verdict.COULD_NOT_JUDGE:
            raise NotJudged("could not judge")
        self.record.kept.keep(self._entry("check", told.submission), str(verdict))
        if flaw is not None:
            await self._ask_mentor(subtask, told.submission)

    def _work(self, kind: Kind) -> Work:
        """The next thing of a kind; each try of it does exactly the same."""
        mark, lab = self._mark(), self._lab
        match kind:
            case Kind.CHECK:
                flaw = self._flaw() if self._stuck or self._chance.random() > _RIGHT else None
                return lambda: self.check(self._at, flaw, mark)
            case Kind.REVIEW:
                review = LabReview(subtask=self._done, cells=self._case.cells(mark))
                return lambda: lab.send("POST", "/api/review", review)
            case Kind.CHAT:
                text = f"{self._chance.choice(_QUESTIONS)} ({mark})"
                return lambda: self._ask(text)
            case Kind.SAVE:
                return lambda: self._save(mark)
            case _:
                return lambda: lab.get("/api/case")

    async def _ask_mentor(self, subtask: str, submission: str) -> None:
        offer = Offer.model_validate_json(await self._lab.get("/api/escalations/offer", subtask=subtask))
        if offer.reasons and not offer.open:
            body = Escalate(subtask=subtask, submission=submission, notes="I have tried this again and again.")
            asked = EscalationView.model_validate_json(await self._lab.send("POST", "/api/escalations", body))
            self.record.kept.keep(self._entry("question", asked.id))

    async def _ask(self, text: str) -> None:
        thought = "I think that the table is not read as it was typed."
        body = AskChat(subtask=self._at, cells=self._case.cells("as it is now"), text=text, reasoning=thought)
        done = ChatDone.model_validate_json(await self._lab.followed("/api/chat", body, "answer"))
        for message in (done.question, done.answer):
            self.record.kept.keep(self._entry("message", message.id), message.text)

    async def _save(self, mark: str) -> None:
        notebook = dict(self._case.draft.learner.notebook)
        notebook["metadata"] = {"note": mark}
        body = SavedNotebook(saved=utc_now(), digest=notebook_digest(notebook), notebook=notebook)
        saved = SavedSummary.model_validate_json(await self._lab.send("PUT", "/api/notebook", body))
        self.record.kept.keep(self._entry("save", saved.digest))

    def _flaw(self) -> Flaw:
        return next(flaw for flaw in self._case.draft.author.flaws if flaw.subtask == self._at)

    def _entry(self, what: What, id_: str) -> Entry:
        return Entry(self.name, what, id_)

    def _mark(self) -> str:
        self._marks += 1
        return f"{self.name}, {self._marks}"


def flawed(cells: Sequence[Cell], flaw: Flaw | None) -> tuple[Cell, ...]:
    """The notebook with a known mistake in it; what a cell begins with stays, since it tells submissions apart."""
    answer = flaw.answer if flaw else {}
    return tuple(
        cell.model_copy(update={"source": f"{cell.source.partition(chr(10))[0]}\n{answer[cell.id]}"})
        if cell.id in answer
        else cell
        for cell in cells
    )


async def tried(latencies: Latencies, kind: Kind, work: Work, over: asyncio.Event, manner: Manner) -> None:
    """Do something and note how long it took, or why it failed."""
    while True:
        begun = time.perf_counter()
        try:
            await work()
        except (httpx.HTTPError, Refused, NotJudged) as error:
            latencies.failed(kind, str(error) if isinstance(error, Refused | NotJudged) else type(error).__name__)
        else:
            latencies.took(kind, (time.perf_counter() - begun) * 1e3)
            return
        if not manner.again or over.is_set():
            return
        await pause(over, _TRIED_AGAIN_AFTER)


async def pause(over: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond the end of the lesson."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await over.wait()
