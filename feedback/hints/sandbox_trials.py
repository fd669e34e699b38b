"""Candidate programs, many in one run of the sandbox: through a sieve first, or each as a check is, in its own fork."""

import ast
import asyncio
import inspect
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

from feedback.evidence.holdout import worse
from feedback.evidence.values import differences
from feedback.ports import Runs
from feedback.repair import recorder, sieve
from feedback.repair.deadline import OutOfTime
from feedback.repair.questions import asks, questions, statements
from feedback.repair.traces import RECORD
from feedback.running import observed
from services.contracts.case import CallProbe, Compare
from services.contracts.observation import CheckCode, CheckOutcome, Keep, Observation, RunRequest, Value
from services.kit.syntax import tree_of

_AT_ONCE: Final = 40
"""Programs in one run."""
SECONDS: Final = 0.5
"""Wall seconds of one program, at most: those that a learner waits for take far less."""
_SEEN: Final = "_caseloop_all_"
_BEFORE: Final = "_caseloop_before_"
_CLOCK: Final = "_caseloop_clock_"
_BEGAN: Final = "_caseloop_began_"
_PATIENT: Final = 20
"""Times the usual, what the reference may take where nobody waits and it is asked how long that is."""
_PROGRAMS: Final = "__caseloop_programs__"
"""What a check finds its programs under, compiled (`CheckCode.programs`)."""
_OBJECTS: Final = {
    "array": "__import__('numpy').array",
    "series": "__import__('pandas').Series",
    "frame": "__import__('pandas').DataFrame",
}
"""Arguments that stand for library objects, as a probe makes them."""
_HELD, _FAILED = "+", "-"
"""What a program says of one question."""
_FEW: Final = 2
"""So many programs take no longer each in a fork of its own than in a sieve together."""
_SIEVES: Final = 2
"""Side by side, as questions are worked on."""
_SIFTED: Final = 100
"""Programs in one sieve, at most: it tells of each in one letter, and a longer text would not come back whole."""
_SIEVE_SECONDS: Final = 1.0
"""Wall seconds of one sieve, at most; what it did not come to is put into another."""
_OF_THE_REST: Final = 0.6
"""Of the time that is left, what one run of sieves may take."""
_SPARE: Final = 0.1
"""Wall seconds after a sieve's own time until it is ended."""


@dataclass(frozen=True)
class Asking:
    """What candidates are run with."""

    request: RunRequest
    """The cells before the answer, the environment and its limits; checks and probes are replaced."""
    checks: tuple[str, ...]
    """Sources of the subtask's checks."""
    modules: Mapping[str, str]
    calls: tuple[CallProbe, ...] = ()
    """The subtask's calls, with plain arguments; what they give is compared with the reference's out here."""
    reference: str = ""
    compare: tuple[Compare, ...] = ()
    """The subtask's named values that decide; they are compared with the reference's out here, too."""

    @property
    def shown(self) -> int:
        """Values that a program shows beside its checks: what calls give, then named values."""
        return len(self.calls) + len(self.compare)


@dataclass(frozen=True)
class Cost:
    """What it takes to try one program."""

    before: float
    """Seconds for the cells before it; once a run, unless they are kept."""
    each: float
    """Seconds for the reference itself and its checks, among others in one process."""
    apart: float
    """Seconds for the reference by itself, with all that is asked of it and all that is shown."""


class SandboxTrials:
    """Trials in the runner, for an engine that works in a thread of its own.

    What runs here may have been written to deceive; so whoever uses a repair has it judged like any submission.
    Programs that go through a sieve can spoil one another, too: `apart` tries each for itself.

    Args:
        loop: where the runner is asked.
        until: `time.monotonic()` after which nothing is waited for any more.
        each: wall seconds of one program, at most.
        owner: whose the run is, where what comes of the cells before is kept for the next run; see `let_go`.

    Raises (from all methods):
        OutOfTime: that moment has come.
        PlatformFailed: the runner failed.
    """

    def __init__(
        self,
        runs: Runs,
        asking: Asking,
        loop: asyncio.AbstractEventLoop,
        until: float,
        each: float = SECONDS,
        owner: str | None = None,
    ) -> None:
        self._runs, self._asking, self._loop, self._until, self._each = runs, asking, loop, until, each
        self._keep = Keep(owner=owner, then="more") if owner else None
        self._has_run = False
        self._models: tuple[Value, ...] | None = None
        self.sieving = bool(asking.checks and asking.reference)
        """Whether programs are tried many in one process first."""

    def passed(self, programs: Sequence[str]) -> list[bool]:
        """For each program, whether all checks hold, as far as a sieve can tell."""
        held = self.likely(programs)
        if not self._asking.shown and self.sieving and len(programs) > _FEW:
            return held
        left = [program for program, flag in zip(programs, held, strict=True) if flag]
        known = dict(zip(left, self.apart(left), strict=True)) if left else {}
        return [known.get(program, False) for program in programs]

    def likely(self, programs: Sequence[str]) -> list[bool]:
        """For each program, whether a sieve lets it through; all are likely where there is no sieve."""
        if len(programs) > _FEW and self.sieving:
            held = self._sifted(programs)
            if held is not None:
                return held
            # One that ends its process, or spoils it, is in what follows as well.
            self.sieving = False
        return [True] * len(programs)

    def apart(self, programs: Sequence[str], each: float | None = None) -> list[bool]:
        """For each program, whether all checks hold, each in a fork of its own from here on.

        `each`: wall seconds of one, where that is not to be as short as in a search.
        """
        tail = _tail(self._asking)
        asked = [_Asked(f"{one}\n{tail}") for one in programs]
        if self._models is not None or not self._asking.shown:
            outcomes = self._outcomes(asked, each)
        else:
            model, *outcomes = self._outcomes([_Asked(f"{self._asking.reference}\n{tail}"), *asked], each)
            answers = self._answers(model)
            # Lost to a busy machine, it may go well the next time.
            self._models = answers if len(answers) == self._asking.shown else None
        return [outcome.status == "passed" and self._agrees(self._answers(outcome)) for outcome in outcomes]

    def cost(self) -> Cost | None:
        """What the reference takes, with all that is asked of it; None where it does not pass by itself."""
        lines = _CLOCK_READ, f"{_BEGAN} = {_CLOCK}()", self._asking.reference
        apart = _Asked("\n".join((*lines, _tail(self._asking), _TAKEN)))
        sifted = _Asked(_TIMED, ("\n".join(self._asking.checks), self._asking.reference))
        seen = self._observed([apart, sifted], SECONDS * _PATIENT)
        spent = [_spent(outcome) for outcome in seen.checks]
        if len(spent) != len((apart, sifted)) or None in spent:
            return None
        whole, each = (one or 0.0 for one in spent)
        return Cost(before=sum(cell.cpu_ms for cell in seen.cells) / 1_000, each=each, apart=whole)

    async def let_go(self) -> None:
        """Have nothing kept any more of the cells before. Raises PlatformFailed."""
        if self._keep is not None and self._has_run:
            keep = self._keep.model_copy(update={"then": "nothing"})
            await observed(self._runs, self._request((), SECONDS).model_copy(update={"keep": keep}))

    def failing(self, programs: Sequence[str]) -> list[frozenset[int]]:
        """For each program, the questions that it fails (`feedback.repair.questions`, then the calls), each in a fork.

        All of them for one that is lost.
        """
        count = len(questions(self._asking.checks))
        calls = self._asking.calls
        models = (self._models or ())[: len(calls)]
        if calls and not models:
            (model,) = self._outcomes([_Asked(_one_by_one(self._asking.reference, self._asking))])
            models = _calls_of(model, len(calls))
        found = []
        for outcome in self._outcomes([_Asked(_one_by_one(one, self._asking)) for one in programs]):
            said = _flags(outcome, count)
            answers = _calls_of(outcome, len(calls))
            wrong = {at for at in range(len(calls)) if not _same(calls[at], models[at : at + 1], answers[at : at + 1])}
            lost = frozenset(range(count + len(calls)))
            found.append(lost if said is None else said | {count + at for at in wrong})
        return found

    def values(self, programs: Sequence[str]) -> list[Mapping[str, Sequence[str]]]:
        """For each instrumented program, the values of its variables; none for one that is lost."""
        asked = [_Asked(_recording(program, self._asking.checks)) for program in programs]
        return [_values(outcome) for outcome in self._outcomes(asked)]

    def _sifted(self, programs: Sequence[str]) -> list[bool] | None:
        """What sieves let through; None where they can tell nothing."""
        found: dict[str, bool] = {}
        while left := [program for program in dict.fromkeys(programs) if program not in found]:
            most = min(_SIEVE_SECONDS, self._asking.request.limits.probe_seconds - _SPARE)
            wall = max(0.0, min(most, (self._until - time.monotonic()) * _OF_THE_REST))
            size = min(_SIFTED, -(-len(left) // _SIEVES))
            parts = [left[first : first + size] for first in range(0, len(left), size)][:_SIEVES]
            asked = [_sifting(part, self._asking, (self._each, wall)) for part in parts]
            for part, outcome in zip(parts, self._outcomes(asked, wall + _SPARE), strict=True):
                told = _told(outcome)
                if not told:
                    return None
                found.update((program, flag == sieve.HELD) for program, flag in zip(part, told, strict=False))
        return [found[program] for program in programs]

    def _answers(self, outcome: CheckOutcome) -> tuple[Value, ...]:
        """What the calls gave, and the named values: the left sides of the last comparisons."""
        count = self._asking.shown
        return tuple(operands.left for operands in outcome.operands[-count:]) if count else ()

    def _agrees(self, answers: tuple[Value, ...]) -> bool:
        if not self._asking.shown:
            return True
        if self._models is None or len(answers) != len(self._models) or len(answers) != self._asking.shown:
            return False
        rules: list[CallProbe | Compare] = [*self._asking.calls, *self._asking.compare]
        return all(map(_alike, rules, self._models, answers))

    def _outcomes(self, asked: Sequence["_Asked"], seconds: float | None = None) -> list[CheckOutcome]:
        found: list[CheckOutcome] = []
        for first in range(0, len(asked), _AT_ONCE):
            part = asked[first : first + _AT_ONCE]
            given = {outcome.id: outcome for outcome in self._observed(part, seconds or self._each).checks}
            lost = CheckOutcome(id="", status="lost", lost="protocol")
            found += [given.get(str(number), lost) for number in range(len(part))]
        return found

    def _observed(self, asked: Sequence["_Asked"], seconds: float) -> Observation:
        request = self._request(asked, seconds)
        left = self._until - time.monotonic()
        if left <= 0:
            raise OutOfTime
        self._has_run = True
        pending: Future[Observation] = asyncio.run_coroutine_threadsafe(observed(self._runs, request), self._loop)
        try:
            return pending.result(left)
        except TimeoutError as error:
            pending.cancel()
            raise OutOfTime from error

    def _request(self, asked: Sequence["_Asked"], seconds: float) -> RunRequest:
        asking = self._asking
        limits = asking.request.limits
        checks = tuple(
            CheckCode(id=str(number), source=one.source, programs=one.programs, modules=dict(asking.modules))
            for number, one in enumerate(asked)
        )
        return asking.request.model_copy(
            update={
                "checks": checks,
                "probes": (),
                "limits": limits.model_copy(update={"probe_seconds": min(limits.probe_seconds, seconds)}),
                "keep": self._keep,
            }
        )


@dataclass(frozen=True)
class _Asked:
    """One check of a run, and the programs that it gets compiled."""

    source: str
    programs: tuple[str, ...] = ()


def _alike(rule: CallProbe | Compare, model: Value, answer: Value) -> bool:
    if isinstance(rule, CallProbe):
        if rule.holdout is not None:
            return worse(rule.holdout, model, answer) is None
        rule = _rule(rule)
    return not differences(model, answer, rule)


_CLOCK_READ: Final = f"{_CLOCK} = lambda: sum(__import__('resource').getrusage(0)[:2])"
"""Source that makes the clock: this process's CPU seconds.

Where CPU time is limited, `time.process_time()` moves only once a tick, of 4 ms here, and most programs take less.
"""
_TAKEN: Final = f"assert (({_CLOCK}() - {_BEGAN}) == {_CLOCK!r}) or True"
"""Source that shows what has passed on it."""


_TIMED: Final = f"""
{_CLOCK_READ}
{_SEEN} = globals().pop({_PROGRAMS!r})
{_BEFORE} = dict(globals())
for _ in range(2):
    # What is done for the first time takes longer than it will.
    {_BEGAN} = {_CLOCK}()
    names = dict({_BEFORE})
    exec({_SEEN}[1], names)
    exec({_SEEN}[0], names)
{_TAKEN}
"""
"""A check that runs a program and its checks as a sieve does, and ends with how long that took."""


def _spent(outcome: CheckOutcome) -> float | None:
    """The seconds that a check ends with; None where it did not pass, or of a great many comparisons shows not all."""
    last = outcome.operands[-1] if outcome.status == "passed" and outcome.operands else None
    spent = last.left.get("value") if last is not None and last.right.get("value") == _CLOCK else None
    return float(spent) if isinstance(spent, int | float) else None


def _tail(asking: Asking) -> str:
    """What is asked of each program, behind it: the checks, the calls, the named values."""
    calls = map(_answering, range(len(asking.calls)), asking.calls)
    # The comparison is there to show the value, and asks nothing of it.
    named = (f"assert ({rule.name} is None) or True" for rule in asking.compare)
    return "\n".join((*asking.checks, *calls, *named))


def _answering(number: int, call: CallProbe) -> str:
    """Source that makes one call, and shows what it gave, or raised, as the left side of a comparison."""
    given = ", ".join([*map(_argument, call.args), *(f"{k}={_argument(value)}" for k, value in call.kwargs.items())])
    name = f"_caseloop_{number}_"
    return (
        f"try:\n    {name} = {call.call}({given})\n"
        f"except Exception as _caseloop_error_:\n    {name} = ('raised', type(_caseloop_error_).__name__)\n"
        f"assert ({name} is None) or True"
    )


def _argument(value: JsonValue) -> str:
    """Source of an argument: plain, or one of the library objects that a call may be given."""
    if isinstance(value, dict) and len(value) == 1:
        ((kind, content),) = value.items()
        if kind in _OBJECTS:
            return f"{_OBJECTS[kind]}({content!r})"
    return repr(value)


def _same(call: CallProbe, model: tuple[Value, ...], answer: tuple[Value, ...]) -> bool:
    return len(model) == len(answer) == 1 and _alike(call, model[0], answer[0])


def _one_by_one(program: str, asking: Asking) -> str:
    """A check that asks each question by itself, then the calls, and ends with what it says of them as an operand."""
    tried = []
    for node in (one for source in asking.checks for one in statements(source)):
        asked = asks(node)
        told = tree_of(f"{_SEEN} += {_HELD!r}\n{_SEEN} += {_FAILED!r}").body if asked else [ast.Pass(), ast.Pass()]
        handler = ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [told[1]])
        tried.append(ast.Try([_Unrecorded().visit(node), told[0]], [handler], [], []))
    parts = (
        program,
        f"{_SEEN} = ''",
        ast.unparse(ast.fix_missing_locations(ast.Module([*tried], []))),
        *map(_answering, range(len(asking.calls)), asking.calls),
        f"assert {_SEEN} == 0",
    )
    return "\n".join(parts)


class _Unrecorded(ast.NodeTransformer):
    """Asserts that are only held against: what they compare would push the last operand out."""

    def visit_Assert(self, node: ast.Assert) -> ast.If:
        fails = ast.Raise(ast.Name("AssertionError", ast.Load()), None)
        return ast.If(ast.UnaryOp(ast.Not(), node.test), [fails], [])


def _calls_of(outcome: CheckOutcome, count: int) -> tuple[Value, ...]:
    """What the calls gave: the left sides of the comparisons before the last."""
    return tuple(operands.left for operands in outcome.operands[-count - 1 : -1]) if count else ()


def _flags(outcome: CheckOutcome, count: int) -> frozenset[int] | None:
    """The numbers of the questions that failed; None where the program says nothing of them, or not of all."""
    said = outcome.operands[-1].left.get("value") if outcome.operands else None
    if not isinstance(said, str) or len(said) != count or not set(said) <= {_HELD, _FAILED}:
        return None
    return frozenset(at for at, flag in enumerate(said) if flag == _FAILED)


def _rule(call: CallProbe) -> Compare:
    return Compare(
        name=call.call, relative_tolerance=call.relative_tolerance, absolute_tolerance=call.absolute_tolerance
    )


def _recording(program: str, checks: Sequence[str]) -> str:
    """A check that runs an instrumented program on the checks' calls, and ends with all that was seen as an operand."""
    calls = tree_of("\n".join(checks)).body
    tried = [ast.Expr(node.test) if isinstance(node, ast.Assert) else node for node in calls]
    guarded = [ast.Try([node], [ast.ExceptHandler(None, None, [ast.Pass()])], [], []) for node in tried]
    parts = (
        inspect.getsource(recorder),
        f"{RECORD} = Recorder()",
        program,
        ast.unparse(ast.fix_missing_locations(ast.Module([*guarded], []))),
        f"{_SEEN} = [chr(9).join([name, *values]) for name, values in {RECORD}.seen.items()]",
        f"assert {_SEEN} == 0",
    )
    return "\n".join(parts)


def _sifting(programs: Sequence[str], asking: Asking, limits: tuple[float, float]) -> _Asked:
    """A check that puts programs through a sieve, and ends with what it says of each as an operand.

    What it calls is the learner's own code, which can look at everything around it. So the reference, the checks and
    the other programs are no text in it; see "What remains" in docs/explanation/runner.md for what they are.
    """
    source = "\n".join(
        (
            # What the sieve itself imports is not there for programs, nor are the others.
            f"{_BEFORE} = {{name: value for name, value in globals().items() if name != {_PROGRAMS!r}}}",
            inspect.getsource(sieve),
            f"{_SEEN} = globals().pop({_PROGRAMS!r})",
            f"{_SEEN} = sifted({_BEFORE}, {_SEEN}[0], {_SEEN}[1], {_SEEN}[2:], {limits!r})",
            f"assert {_SEEN} == ''",
        )
    )
    return _Asked(source, ("\n".join(asking.checks), asking.reference, *programs))


def _told(outcome: CheckOutcome) -> str:
    """What a sieve says of its programs, the first first; empty where it says nothing."""
    said = outcome.operands[-1].left.get("value") if outcome.operands else None
    return said if isinstance(said, str) and set(said) <= {sieve.HELD, sieve.FAILED} else ""


def _values(outcome: CheckOutcome) -> dict[str, Sequence[str]]:
    if not outcome.operands:
        return {}
    seen: dict[str, Sequence[str]] = {}
    items: Any = outcome.operands[-1].left.get("items")
    for item in items if isinstance(items, list) else ():
        text = item.get("value") if isinstance(item, dict) else None
        if isinstance(text, str):
            name, *values = text.split("\t")
            seen[name] = values
    return seen
