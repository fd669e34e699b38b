"""Small inputs on which a learner's functions are tried: those of visible checks, and what is made from them."""

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from feedback.evidence.shrinking import Args, size, smaller
from feedback.notebook.reading import parsed
from services.contracts.case import Subtask

# Of a subtask together. Each costs a call in the learner's sandbox, with every check.
MAX_TRIES = 12
_MAX_CALLS = 8
_MAX_PARTS = 40


@dataclass(frozen=True)
class Try:
    """One call to try. It decides nothing."""

    function: str
    args: Args


def try_id(index: int) -> str:
    """Id of the probe for the subtask's try of that position."""
    return f"try:{index}"


def is_try(probe_id: str) -> bool:
    """Whether the probe is a try."""
    return probe_id.startswith("try:")


def tries(subtask: Subtask) -> tuple[Try, ...]:
    """Calls with inputs that learners can read in the visible checks, and with smaller ones.

    Never an input that a hidden check or call uses.
    """
    visible = tuple(check.source for check in subtask.checks if not check.hidden)
    hidden = tuple(check.source for check in subtask.checks if check.hidden)
    secret = frozenset(repr((probe.call, probe.args)) for probe in subtask.probes if probe.hidden)
    return _tries(visible, hidden, secret, frozenset(_functions(subtask)))


def _functions(subtask: Subtask) -> Iterator[str]:
    for source in subtask.reference.values():
        tree = parsed(source)
        yield from (node.name for node in (tree.body if tree else ()) if isinstance(node, ast.FunctionDef))


@lru_cache(maxsize=256)
def _tries(
    visible: tuple[str, ...], hidden: tuple[str, ...], secret: frozenset[str], functions: frozenset[str]
) -> tuple[Try, ...]:
    kept = secret | {repr((t.function, t.args)) for source in hidden for t in _calls(source, functions)}
    found: dict[str, Try] = {}
    read = list(islice(chain.from_iterable(_calls(source, functions) for source in visible), _MAX_CALLS))
    # A third of the room for what is in the checks; what is made from it is smaller and says it better.
    made = _shrunk(read)
    for one in chain(read[: MAX_TRIES // 3], made, read):
        key = repr((one.function, one.args))
        if key not in kept and len(found) < MAX_TRIES:
            found.setdefault(key, one)
    return tuple(sorted(found.values(), key=lambda one: size(one.args)))


def _calls(source: str, functions: frozenset[str]) -> Iterator[Try]:
    """Calls of these functions with literals only."""
    tree = parsed(source)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            args = _literals(node)
            if args is not None:
                yield Try(node.func.id, args)


def _literals(call: ast.Call) -> Args | None:
    if call.keywords or not call.args:
        return None
    try:
        args = tuple(ast.literal_eval(argument) for argument in call.args)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return args if all(map(_plain, args)) and size(args)[0] <= _MAX_PARTS else None


def _plain(value: Any) -> bool:
    """Whether it can be sent as it is. A dictionary with one key may be read as something else (`CallProbe.args`)."""
    match value:
        case float():
            return math.isfinite(value)
        case None | bool() | int() | str():
            return True
        case list():
            return all(map(_plain, value))
        case dict():
            return len(value) != 1 and all(isinstance(k, str) for k in value) and all(map(_plain, value.values()))
    return False


def _shrunk(calls: list[Try]) -> Iterator[Try]:
    """One smaller input of each call in turn, then the next of each; after them those that are smaller still."""
    steps = [[Try(call.function, args) for args in smaller(call.args) if all(map(_plain, args))] for call in calls]
    for row in range(max(map(len, steps), default=0)):
        yield from (step[row] for step in steps if row < len(step))
    for step in steps:
        for one in step:
            yield from (Try(one.function, args) for args in smaller(one.args) if all(map(_plain, args)))
