import asyncio
import hashlib
import time
from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError

from feedback.evidence.behaviours import behaviours
from feedback.evidence.counterexample import without_disputed
from feedback.evidence.gather import case_faults, unsteady
from feedback.evidence.inputs import tries
from feedback.judgement import first_signature
from feedback.known_flaws import FlawRun
from feedback.plan import Plan, plan_behaviour
from feedback.ports import Cache, Runs
from feedback.reference import reference_plan, variant_plans
from feedback.running import observed
from feedback.single_flight import SingleFlight
from services.contracts.case import AuthorCase, Flaw, Subtask
from services.contracts.finding import Evidence
from services.contracts.model import WireModel
from services.contracts.notebook import Cell
from services.contracts.observation import Observation

# Raise when docs/reference/values.md or the rules of comparing change: what was kept before is then made anew.
SCHEMA = 3
# Two, so that what depends on the seed alone shows as a difference between them.
SEEDS = 2
# A fault may be a busy machine's: it is looked at again after this many seconds.
FAULT_SECONDS = 20.0
MAX_KEYS = 4_096
M = TypeVar("M", bound=WireModel)


class Baseline(WireModel):
    """What the reference itself showed for one subtask of one case version, once for each seed."""

    observations: dict[int, Observation]
    faults: tuple[Evidence, ...] = ()
    """Why the case cannot judge anybody; empty when it can."""


class KnownFlaws(WireModel):
    """What the known flaws of a subtask showed when they were run."""

    flaws: tuple[FlawRun, ...]


class BehaviourRun(WireModel):
    """How the reference's own results come about."""

    observation: Observation


class Baselines:
    """Computes the reference's observations once per version, and remembers them."""

    def __init__(self, runs: Runs, cache: Cache, size: int = 256) -> None:
        self._runs, self._cache = runs, cache
        self._baselines = SingleFlight[str, Baseline](size)
        self._flaws = SingleFlight[str, KnownFlaws](size)
        self._behaviour = SingleFlight[str, BehaviourRun](size)
        self._suspended: dict[str, float] = {}
        self._keys: dict[tuple[str, str, str], str] = {}

    async def of(self, case: AuthorCase, subtask: Subtask) -> Baseline:
        """The baseline of one subtask. Raises `PlatformFailed` when it could not be computed."""
        key = self._key("baseline", case, subtask)
        if self._suspended.get(key, 0) < time.monotonic() and self._suspended.pop(key, None) is not None:
            self._baselines.forget(key)
        return await self._baselines.get(key, lambda: self._baseline(key, case, subtask))

    async def flaws(self, case: AuthorCase, subtask: Subtask) -> tuple[FlawRun, ...]:
        """What the subtask's known flaws showed. Raises `PlatformFailed`."""
        if not any(flaw.subtask == subtask.view.id for flaw in case.flaws):
            return ()
        key = self._key("flaws", case, subtask)
        return (await self._flaws.get(key, lambda: self._run_flaws(key, case, subtask))).flaws

    async def behaviour(self, case: AuthorCase, subtask: Subtask) -> Observation | None:
        """How the reference's results come about, or None where nothing is asked. Raises `PlatformFailed`."""
        plan = plan_behaviour(reference_plan(case, subtask, seeds(case)[0]))
        if plan is None:
            return None
        key = self._key("behaviour", case, subtask)
        return (await self._behaviour.get(key, lambda: self._run_behaviour(key, plan))).observation

    async def _run_behaviour(self, key: str, plan: Plan) -> BehaviourRun:
        kept = await self._kept(key, BehaviourRun)
        if kept is not None:
            return kept
        found = BehaviourRun(observation=await observed(self._runs, plan.request))
        if found.observation.complete:
            await self._cache.put(key, found.model_dump_json().encode())
        return found

    def _key(self, what: str, case: AuthorCase, subtask: Subtask) -> str:
        """The key of one subtask of a version. A version never changes, so it is worked out once."""
        known = (what, case.version, subtask.view.id)
        if known not in self._keys:
            if len(self._keys) >= MAX_KEYS:
                self._keys.clear()
            self._keys[known] = _key(what, case, subtask)
        return self._keys[known]

    async def _baseline(self, key: str, case: AuthorCase, subtask: Subtask) -> Baseline:
        kept = await self._kept(key, Baseline)
        if kept is not None:
            return kept
        baseline = await self._compute(case, subtask)
        if baseline.faults:
            self._suspended[key] = time.monotonic() + FAULT_SECONDS
        else:
            await self._cache.put(key, baseline.model_dump_json().encode())
        return baseline

    async def _compute(self, case: AuthorCase, subtask: Subtask) -> Baseline:
        chosen = seeds(case)
        plans = [reference_plan(case, subtask, seed) for seed in chosen]
        one, other = await asyncio.gather(*(observed(self._runs, plan.request) for plan in plans))
        asked = plans[0].asked
        faults = (*case_faults(asked, one), *case_faults(asked, other)) or unsteady(asked, one, other)
        told = {clue.evidence.fact: clue.evidence for clue in faults}
        others = () if faults or not tries(case, subtask) else await self._variants(case, subtask, chosen[0])
        kept = (without_disputed(case, subtask, seen, others) for seen in (one, other))
        return Baseline(observations=dict(zip(chosen, kept, strict=True)), faults=tuple(told.values()))

    async def _variants(self, case: AuthorCase, subtask: Subtask, seed: int) -> list[Observation]:
        plans = variant_plans(case, subtask, seed)
        return await asyncio.gather(*(observed(self._runs, plan.request) for plan in plans))

    async def _run_flaws(self, key: str, case: AuthorCase, subtask: Subtask) -> KnownFlaws:
        kept = await self._kept(key, KnownFlaws)
        if kept is not None:
            return kept
        reference = await self.of(case, subtask)
        flaws = [flaw for flaw in case.flaws if flaw.subtask == subtask.view.id]
        runs = await asyncio.gather(*(self._run_flaw(case, subtask, flaw, reference) for flaw in flaws))
        found = KnownFlaws(flaws=tuple(run for run in runs if run is not None))
        await self._cache.put(key, found.model_dump_json().encode())
        return found

    async def _run_flaw(self, case: AuthorCase, subtask: Subtask, flaw: Flaw, reference: Baseline) -> FlawRun | None:
        seed = seeds(case)[0]
        plan = reference_plan(case, subtask, seed, flaw)
        observation = await observed(self._runs, plan.request)
        signature = first_signature(plan.asked, observation, reference.observations[seed])
        return FlawRun(id=flaw.id, signature=signature, probes=observation.probes) if signature else None

    async def _kept(self, key: str, model: type[M]) -> M | None:
        data = await self._cache.get(key)
        try:
            return model.model_validate_json(data) if data is not None else None
        except ValidationError:
            # Damaged or of another release: it is only a cache.
            return None


def seeds(case: AuthorCase) -> tuple[int, ...]:
    """The seeds that runs of this version may have: a submission is compared with the reference run of its own seed."""
    return tuple(_seed(f"{case.version}/{number}") for number in range(SEEDS))


def submission_seed(case: AuthorCase, cells: Sequence[Cell], salt: int) -> int:
    """The one of the seeds that belongs to this submission: the same code always gets the same.

    It depends on the first step's answer alone: work on later steps goes on with the same random numbers.
    """
    first = case.subtasks[0].view.answer_cells if case.subtasks else ()
    answer = "\0".join(cell.source for cell in cells if cell.id in first)
    return seeds(case)[_seed(f"{answer}/{salt}") % SEEDS]


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:4])


def _key(what: str, case: AuthorCase, subtask: Subtask) -> str:
    # The request is part of the key, so that another way of asking never meets an answer to the old one.
    request = reference_plan(case, subtask, 0).request.model_dump_json()
    flaws = (
        [flaw.model_dump_json() for flaw in case.flaws if flaw.subtask == subtask.view.id] if what == "flaws" else []
    )
    asked = [one.model_dump_json() for one in behaviours(case, subtask)] if what == "behaviour" else []
    text = "\0".join([what, str(SCHEMA), case.version, subtask.model_dump_json(), request, *flaws, *asked])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
