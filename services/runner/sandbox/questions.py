"""Answer the supervisor's questions: assert-style checks and probes, each after the learner's code has ended."""

import ast
import base64
import builtins
import contextlib
import gc
import importlib
import marshal
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from operator import attrgetter
from types import CodeType
from typing import Any

from .arguments import made, needed
from .asserts import Recorder, checked
from .cells import describe_error, fresh_streams
from .observe.behaviour import Unanswerable, folds, overlap, refit
from .observe.fits import fits
from .observe.libraries import library
from .observe.outlines import outlined
from .observe.values import observed
from .places import CHECK, file_name
from .pristine import Pristine
from .tracing import Tracer

_SIGNALS = tuple(sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGXFSZ}))
_DEFAULT = int(signal.SIG_DFL)
# Those of `signal` itself make an Enum of each number, and of what they return.
_set_handler, _handler = attrgetter("signal", "getsignal")(importlib.import_module("_signal"))


class _Late(BaseException):
    """The question's time is over; no `except Exception` of a learner's stops it."""


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def late(*_: object) -> None:
        raise _Late

    signal.signal(signal.SIGALRM, late)
    # Again and again: code that swallows the first is interrupted by the next.
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def seed_random(seed: int) -> None:
    """Seed Python's and NumPy's global generators."""
    random.seed(seed)
    numpy = library("numpy")
    if numpy is not None:
        numpy.random.seed(seed)


PROGRAMS = "__caseloop_programs__"
_DESCRIBE = {"values": observed, "outlines": outlined}


def run_check(order: dict[str, Any], namespace: dict[str, Any], pristine: Pristine) -> dict[str, Any]:
    """Run one check; `{"status": passed|failed|error|lost, "error": …, "operands": […]}`."""
    seed_random(order["seed"])
    fresh_streams()
    recorder = Recorder(order["seed"], _DESCRIBE[order["operands"]])
    try:
        with _at_most(order["seconds"]):
            _run(order, namespace, pristine, recorder)
        answer: dict[str, Any] = {"status": "passed"}
    except _Late:
        answer = {"status": "lost", "lost": "time"}
    except AssertionError as error:
        answer = {"status": "failed", "error": describe_error(error)}
    except BaseException as error:
        answer = {"status": "error", "error": describe_error(error)}
    return {**answer, "operands": recorder.operands}


def _run(order: dict[str, Any], namespace: dict[str, Any], pristine: Pristine, recorder: Recorder) -> None:
    """Leaves no text in a frame, an order or a cache: what the check calls can look at all of these."""
    programs = [_compiled(program) for program in order.pop("programs", ())]
    code = _check_code(order, namespace)
    for alias, module_name in order["modules"].items():
        module = pristine.module(module_name)
        if module is not None:
            namespace[alias] = module
    namespace["__builtins__"] = builtins
    namespace.update(recorder.names())
    if programs:
        namespace[PROGRAMS] = programs
        # The check takes them, and may let go of each; this frame must not hold them beside it.
        del programs
    exec(code, namespace)  # noqa: S102 - the case's own check, in the sandbox


def _check_code(order: dict[str, Any], namespace: dict[str, Any]) -> CodeType:
    code, used = _translated(order)
    # Learner's names that hide a builtin the check itself uses: `sum = 6` must not decide a check.
    for name in used:
        namespace.pop(name, None)
    return code


def _translated(order: dict[str, Any]) -> tuple[CodeType, Sequence[str]]:
    """The check's code and the builtins that it uses, from its text where it was not compiled outside."""
    if (given := order.pop("compiled", None)) is not None:
        return marshal.loads(base64.b64decode(given["code"])), given["builtins"]  # noqa: S302 - from the supervisor
    name = file_name(CHECK, order["id"])
    return checked(ast.parse(order.pop("source"), name), name)


def _compiled(program: str) -> CodeType | None:
    try:
        return compile(program, "<program>", "exec", dont_inherit=True)
    except _Late:
        raise
    except Exception:
        return None


def answer_probe(probe: dict[str, Any], namespace: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
    """Answer one probe: `{"value"}`, `{"missing"}`, `{"error"}` or `{"lost"}`."""
    try:
        with _at_most(order["seconds"]):
            if probe.get("name") is not None:
                return answer_name(probe, namespace, order)
            if probe.get("behaviour") is not None:
                return _behaviour(probe["behaviour"], namespace, order["seed"])
            return _called(probe, namespace, order["seed"])
    except _Late:
        return {"lost": "time"}
    except BaseException as error:
        return {"error": describe_error(error)}


def answer_name(probe: dict[str, Any], namespace: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
    """Answer a probe that asks for a named value, without a limit of time: `{"value"}` or `{"missing"}`."""
    if probe["name"] not in namespace:
        return {"missing": True}
    return {"value": observed(namespace[probe["name"]], order["seed"])}


def _called(probe: dict[str, Any], namespace: dict[str, Any], seed: int) -> dict[str, Any]:
    function = namespace.get(probe["call"])
    if function is None:
        return {"missing": True}
    seed_random(seed)
    read = made if probe.get("exact") else argument
    args = [read(value) for value in probe["args"]]
    kwargs = {name: read(value) for name, value in probe["kwargs"].items()}
    if not probe.get("trace"):
        return {"value": observed(function(*args, **kwargs), seed)}
    tracer = Tracer()
    try:
        answer: dict[str, Any] = {"value": observed(tracer.call(function, args, kwargs), seed)}
    except _Late:
        raise
    except BaseException as error:
        answer = {"error": describe_error(error)}
    return {**answer, "trace": tracer.steps}


def _behaviour(asked: dict[str, Any], namespace: dict[str, Any], seed: int) -> dict[str, Any]:
    if asked["kind"] == "fits":
        seed_random(seed)
        fresh_streams()
        seen = fits(lambda: _again(asked["sources"], namespace))
        if seen is None:
            raise Unanswerable
        return {"value": seen}
    if any(name not in namespace for name in asked["names"]):
        return {"missing": True}
    objects = [namespace[name] for name in asked["names"]]
    if asked["kind"] == "overlap":
        return {"value": overlap(*objects)}
    if asked["kind"] == "folds":
        return {"value": folds(*objects)}
    model, rows, answers, test_rows, test_answers = objects
    return {"value": refit(model, (rows, answers), (test_rows, test_answers), seed_random)}


def _again(sources: list[str], namespace: dict[str, Any]) -> None:
    for source in sources:
        exec(compile(source, "<again>", "exec", dont_inherit=True), namespace)  # noqa: S102 - in the sandbox


def argument(value: Any) -> Any:
    """An argument as the function gets it; {"array"}, {"series"} and {"frame"} stand for library objects.

    Raises LookupError when the environment lacks the library.
    """
    if not isinstance(value, dict) or len(value) != 1:
        return value
    ((kind, content),) = value.items()
    if kind == "array":
        return needed("numpy").array(content)
    if kind == "series":
        return needed("pandas").Series(content)
    if kind == "frame":
        return needed("pandas").DataFrame(content)
    return value


def settle(pristine: Pristine, *, for_good: bool) -> bool:
    """After the learner's code: no tracing, no timers, no handlers, and the real functions back.

    Whether any of it was otherwise before. Not `for_good`: the process may run further cells.
    """
    before = interpreter_state()
    sys.settrace(None)
    sys.setprofile(None)
    gc.callbacks.clear()
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)
    for number in _SIGNALS:
        with contextlib.suppress(OSError, ValueError):
            _set_handler(number, _DEFAULT)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    sys.setrecursionlimit(max(1_000, min(sys.getrecursionlimit(), 10_000)))
    put_back = pristine.restore()
    changed = put_back or before != interpreter_state() or not gc.isenabled()
    # Forks are short: a collection in one would copy all memory that the collector looks at.
    if for_good:
        gc.freeze()
    gc.disable()
    return changed


def interpreter_state() -> tuple[object, ...]:
    """What settling changes in the interpreter; Python's own SIGINT handler counts as none."""
    handlers = tuple(number for number in _SIGNALS if number != signal.SIGINT and callable(_handler(number)))
    timers = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
    return (
        sys.gettrace() is None,
        sys.getprofile() is None,
        len(gc.callbacks),
        tuple(signal.getitimer(timer)[0] > 0 for timer in timers),
        handlers,
        frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        sys.getrecursionlimit(),
    )
