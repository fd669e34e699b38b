"""Less and less of an input on which work fails, for as long as it still shows the mistake."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import structlog

from feedback.evidence.asked import Asked
from feedback.evidence.clues import Counterexample
from feedback.evidence.counterexample import Failing, failed, undisputed
from feedback.evidence.inputs import Inputs, inputs
from feedback.evidence.read_calls import Try
from feedback.evidence.shrinking import measure
from feedback.plan import Plan, try_probe
from feedback.ports import Runs
from feedback.reference import reference_plan, variant_plans
from feedback.running import PlatformFailed, observed
from services.contracts.observation import Observation, ProbeOutcome

_log = structlog.get_logger(__name__)
_KEPT: Final = 8_192
"""Answers of references: learners fail on the same inputs."""

_LATE: Final = 1.1
"""Of its time, what it may take at most."""


@dataclass(frozen=True)
class Bounds:
    """How far an input is made smaller."""

    seconds: float = 0.4
    """While a learner waits; the smallest so far counts."""
    rounds: int = 12
    """Each is one run of the learner's work, and one of each accepted solution that has not answered yet."""
    room: int = 32
    """Inputs in a round, of all functions together."""
    beside: int = 2
    """Where more other checks than this are under way, those go first, and nothing is made smaller."""


class SmallerInputs:
    """Makes failing inputs smaller.

    The reference runs in sandboxes of its own, never in the learner's; what it gives is remembered.
    """

    def __init__(self, runs: Runs, bounds: Bounds = Bounds()) -> None:
        self._runs, self._bounds = runs, bounds
        self._models = _Models(runs)
        self._ending: set[asyncio.Task[None]] = set()
        """Rounds that nobody waits for any more: a run that is broken off takes a while to tidy up."""

    async def of(
        self, plan: Plan, seen: Observation, starts: Mapping[str, Failing], beside: int
    ) -> dict[str, Counterexample]:
        """By function, what is to be said of the smallest input found for which it fails as it did before.

        Only those that are smaller than where they began. Never raises. `seen`: the run that showed the failures,
        which tells how long a run takes; `beside`: how many other checks are under way.
        """
        known = inputs(plan.asked.case, plan.asked.subtask)
        search = _Search(known, dict(starts), self._bounds.room)
        if beside > self._bounds.beside or not starts:
            return {}
        rounds = asyncio.create_task(self._rounds(plan, search, seen.wall_ms / 1e3))
        self._ending.add(rounds)
        rounds.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(self._bounds.seconds * _LATE):
                await asyncio.shield(rounds)
        except TimeoutError:
            _log.info("making an input smaller took too long", case=plan.asked.case.id)
        except PlatformFailed as error:
            # The verdict stands without it.
            _log.warning("an input could not be made smaller", case=plan.asked.case.id, error=str(error))
        finally:
            rounds.cancel()
        return {name: one.clue for name, one in search.best.items() if one.tried != starts[name].tried}

    def _ended(self, rounds: asyncio.Task[None]) -> None:
        self._ending.discard(rounds)
        if not rounds.cancelled() and rounds.exception() is not None:
            # Whoever waited has been told; where nobody did any more, nothing was lost.
            _log.info("making an input smaller failed", error=str(rounds.exception()))

    async def _rounds(self, plan: Plan, search: "_Search", expected: float) -> None:
        end = time.monotonic() + self._bounds.seconds
        for _ in range(self._bounds.rounds):
            began = time.monotonic()
            if began + expected > end:
                return
            calls = await asyncio.to_thread(search.candidates)
            if not calls:
                return
            answers, models = await asyncio.gather(
                _answers(self._runs, plan, calls),
                self._models.of(plan, calls),
            )
            await asyncio.to_thread(search.take, plan.asked, tuple(zip(calls, answers, models, strict=True)))
            if any(answer is None or answer.lost for answer in answers):
                # What comes behind an endless call was not answered, and the next round would be as long.
                return
            expected = time.monotonic() - began


@dataclass
class _Search:
    """Where a search is: the smallest failing input of each function, and what has been tried."""

    known: Inputs
    best: dict[str, Failing]
    room: int
    _tried: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._tried.update(call.text for call in self.known.tries)

    def candidates(self) -> list[Try]:
        """What to try next; empty at a minimum."""
        share = max(self.room // max(len(self.best), 1), 1)
        return [call for one in self.best.values() for call in islice(self._less(one), share)]

    def take(self, asked: Asked, answered: Iterable[tuple[Try, ProbeOutcome | None, ProbeOutcome | None]]) -> None:
        """Go on from the smallest of those that fail as before; with each call the learner's answer and the model."""
        for call, answer, model in answered:
            best = self.best[call.function]
            if answer is None or model is None or measure(call.values) >= measure(best.tried.values):
                continue
            one = failed(asked, call, answer, model)
            if one is not None and one.stands_for(best):
                self.best[call.function] = one

    def _less(self, one: Failing) -> Iterator[Try]:
        """All that is not tried yet; then it is."""
        for call in self.known.less(one.tried):
            if call.text not in self._tried:
                self._tried.add(call.text)
                yield call


async def _answers(runs: Runs, plan: Plan, calls: Sequence[Try]) -> list[ProbeOutcome | None]:
    """What these cells' functions give for the calls. Raises PlatformFailed."""
    probes = tuple(try_probe(index, call) for index, call in enumerate(calls))
    observation = await observed(runs, plan.request.model_copy(update={"checks": (), "probes": probes}))
    found = {outcome.id: outcome for outcome in observation.probes}
    return [found.get(probe.id) for probe in probes]


_Key = tuple[str, str, int, str]


class _Models:
    """What the reference gives, where every accepted variant gives the same."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._known: OrderedDict[_Key, ProbeOutcome | None] = OrderedDict()

    async def of(self, plan: Plan, calls: Sequence[Try]) -> list[ProbeOutcome | None]:
        """For each call its answer; None: there is none that is beyond dispute. Raises PlatformFailed."""
        keys = [self._key(plan, call) for call in calls]
        new = {key: call for key, call in zip(keys, calls, strict=True) if key not in self._known}
        found = {key: self._known[key] for key in keys if key in self._known}
        if new:
            found |= await self._asked(plan, new)
        for key, outcome in found.items():
            self._known[key] = outcome
            self._known.move_to_end(key)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return [found.get(key) for key in keys]

    async def _asked(self, plan: Plan, new: Mapping[_Key, Try]) -> dict[_Key, ProbeOutcome | None]:
        case, subtask, seed = plan.asked.case, plan.asked.subtask, plan.request.seed
        plans = (reference_plan(case, subtask, seed), *variant_plans(case, subtask, seed))
        calls = list(new.values())
        first, *others = await asyncio.gather(*(_answers(self._runs, one, calls) for one in plans))
        found: dict[_Key, ProbeOutcome | None] = {}
        for at, (key, call) in enumerate(new.items()):
            outcomes = [first[at], *(other[at] for other in others)]
            if any(outcome is None or outcome.lost for outcome in outcomes):
                # A busy machine's fault, perhaps: the next time it may be answered.
                continue
            one = outcomes[0]
            agreed = one is not None and one.value is not None and undisputed(one, outcomes[1:], call.function)
            found[key] = one if agreed else None
        return found

    @staticmethod
    def _key(plan: Plan, call: Try) -> _Key:
        return plan.asked.case.version, plan.asked.subtask.view.id, plan.request.seed, call.text
