"""Candidate programs, many in one run of the sandbox: through a sieve first, or each as a check is, in its own fork."""

import ast
import asyncio
import inspect
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from feedback.evidence.holdout import worse
from feedback.evidence.values import differences
from feedback.ports import Runs
from feedback.repair import recorder, sieve
from feedback.repair.deadline import OutOfTime
from feedback.repair.questions import asks, questions, statements
from feedback.repair.traces import RECORD
from feedback.running import observed
from services.contracts.case import CallProbe, Compare
from services.contracts.observation import CheckCode, CheckOutcome, Observation, RunRequest, Value

_AT_ONCE: Final = 40
"""Programs in one run."""
SECONDS: Final = 0.5
"""Wall seconds of one program, at most: those that a learner waits for take far less."""
_SEEN: Final = "_caseloop_all_"
_BEFORE: Final = "_caseloop_before_"
_PROGRAMS: Final = "__caseloop_programs__"
"""What a check finds its programs under, compiled (`CheckCode.programs`)."""
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


class SandboxTrials:
    """Trials in the runner, for an engine that works in a thread of its own.

    What runs here may have been written to deceive; so whoever uses a repair has it judged like any submission.
    Programs that go through a sieve can spoil one another, too: `apart` tries each for itself.

    Args:
        loop: where the runner is asked.
        until: `time.monotonic()` after which nothing is waited for any more.
        each: wall seconds of one program, at most.

    Raises (from all methods):
        OutOfTime: that moment has come.
        PlatformFailed: the runner failed.
    """

    def __init__(
        self, runs: Runs, asking: Asking, loop: asyncio.AbstractEventLoop, until: float, each: float = SECONDS
    ) -> None:
        self._runs, self._asking, self._loop, self._until, self._each = runs, asking, loop, until, each
        self._models: tuple[Value, ...] | None = None
        self.sieving = bool(asking.checks and asking.reference)
        """Whether programs are tried many in one process first."""

    def passed(self, programs: Sequence[str]) -> list[bool]:
        """For each program, whether all checks hold, as far as a sieve can tell."""
        if len(programs) <= _FEW or not self.sieving:
            return self.apart(programs)
        held = self._sifted(programs)
        if held is None:
            # One that ends its process, or spoils it, is in what follows as well.
            self.sieving = False
            return self.apart(programs)
        if not self._asking.calls:
            return held
        left = [program for program, flag in zip(programs, held, strict=True) if flag]
        known = dict(zip(left, self.apart(left), strict=True)) if left else {}
        return [known.get(program, False) for program in programs]

    def apart(self, programs: Sequence[str], each: float | None = None) -> list[bool]:
        """For each program, whether all checks hold, each in a fork of its own from here on.

        `each`: wall seconds of one, where that is not to be as short as in a search.
        """
        tail = "\n".join((*self._asking.checks, *map(_answering, range(len(self._asking.calls)), self._asking.calls)))
        if self._models is None and self._asking.calls:
            (model,) = self._outcomes([_Asked(f"{self._asking.reference}\n{tail}")])
            self._models = self._answers(model)
        outcomes = self._outcomes([_Asked(f"{one}\n{tail}") for one in programs], each)
        return [outcome.status == "passed" and self._agrees(self._answers(outcome)) for outcome in outcomes]

    def failing(self, programs: Sequence[str]) -> list[frozenset[int]]:
        """For each program, the questions that it fails (`feedback.repair.questions`, then the calls), each in a fork.

        All of them for one that is lost.
        """
        count = len(questions(self._asking.checks))
        calls = self._asking.calls
        if self._models is None and calls:
            (model,) = self._outcomes([_Asked(_one_by_one(self._asking.reference, self._asking))])
            self._models = _calls_of(model, len(calls))
        found = []
        for outcome in self._outcomes([_Asked(_one_by_one(one, self._asking)) for one in programs]):
            said = _flags(outcome, count)
            answers, models = _calls_of(outcome, len(calls)), self._models or ()
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
        """What the calls gave: the left sides of the last comparisons."""
        count = len(self._asking.calls)
        return tuple(operands.left for operands in outcome.operands[-count:]) if count else ()

    def _agrees(self, answers: tuple[Value, ...]) -> bool:
        if not self._asking.calls:
            return True
        if self._models is None or len(answers) != len(self._models) or len(answers) != len(self._asking.calls):
            return False
        return all(map(_alike, self._asking.calls, self._models, answers))

    def _outcomes(self, asked: Sequence["_Asked"], seconds: float | None = None) -> list[CheckOutcome]:
        found: list[CheckOutcome] = []
        for first in range(0, len(asked), _AT_ONCE):
            part = asked[first : first + _AT_ONCE]
            given = {outcome.id: outcome for outcome in self._observed(part, seconds or self._each).checks}
            lost = CheckOutcome(id="", status="lost", lost="protocol")
            found += [given.get(str(number), lost) for number in range(len(part))]
        return found

    def _observed(self, asked: Sequence["_Asked"], seconds: float) -> Observation:
        asking = self._asking
        limits = asking.request.limits
        checks = tuple(
            CheckCode(id=str(number), source=one.source, programs=one.programs, modules=dict(asking.modules))
            for number, one in enumerate(asked)
        )
        request = asking.request.model_copy(
            update={
                "checks": checks,
                "probes": (),
                "limits": limits.model_copy(update={"probe_seconds": min(limits.probe_seconds, seconds)}),
            }
        )
        left = self._until - time.monotonic()
        if left <= 0:
            raise OutOfTime
        pending: Future[Observation] = asyncio.run_coroutine_threadsafe(observed(self._runs, request), self._loop)
        try:
            return pending.result(left)
        except TimeoutError as error:
            pending.cancel()
            raise OutOfTime from error


@dataclass(frozen=True)
class _Asked:
    """One check of a run, and the programs that it gets compiled."""

    source: str
    programs: tuple[str, ...] = ()


def _alike(call: CallProbe, model: Value, answer: Value) -> bool:
    if call.holdout is not None:
        return worse(call.holdout, model, answer) is None
    return not differences(model, answer, _rule(call))


def _answering(number: int, call: CallProbe) -> str:
    """Source that makes one call, and shows what it gave, or raised, as the left side of a comparison."""
    given = ", ".join([*map(repr, call.args), *(f"{name}={value!r}" for name, value in call.kwargs.items())])
    name = f"_caseloop_{number}_"
    return (
        f"try:\n    {name} = {call.call}({given})\n"
        f"except Exception as _caseloop_error_:\n    {name} = ('raised', type(_caseloop_error_).__name__)\n"
        f"assert ({name} == 0) or True"
    )


def _same(call: CallProbe, model: tuple[Value, ...], answer: tuple[Value, ...]) -> bool:
    return len(model) == len(answer) == 1 and _alike(call, model[0], answer[0])


def _one_by_one(program: str, asking: Asking) -> str:
    """A check that asks each question by itself, then the calls, and ends with what it says of them as an operand."""
    tried = []
    for node in (one for source in asking.checks for one in statements(source)):
        asked = asks(node)
        told = ast.parse(f"{_SEEN} += {_HELD!r}\n{_SEEN} += {_FAILED!r}").body if asked else [ast.Pass(), ast.Pass()]
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
    calls = ast.parse("\n".join(checks)).body
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
