"""Small inputs on which a learner's functions are tried: those that the case shows, and what is made from them."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice

from pydantic import TypeAdapter

from feedback.evidence.arguments import of_probe
from feedback.evidence.hidden_inputs import Hidden, parameters
from feedback.evidence.read_calls import Text, Try, literals
from feedback.evidence.shrinking import Shown, reductions, shown_by, size, smaller
from feedback.notebook.reading import bound, parsed
from services.contracts.case import AuthorCase, CallProbe, Subtask

# Of a subtask together. Each costs a call in the learner's sandbox, with every check.
MAX_TRIES = 12
_MAX_CALLS = 8
_MAX_PARTS = 80
_CALLS: TypeAdapter[tuple[CallProbe, ...]] = TypeAdapter(tuple[CallProbe, ...])


@dataclass(frozen=True)
class Inputs:
    """What is known of the inputs of a subtask's functions."""

    tries: tuple[Try, ...]
    """Calls to try with every check, smallest first."""
    hidden: Hidden
    shown: Mapping[str, Shown] = field(default_factory=dict)
    """By function, what its inputs look like where the case shows some."""

    def less(self, one: Try) -> Iterator[Try]:
        """Calls with less than this one has, none of them hidden."""
        made = map(one.having, reductions(one.values, self.shown.get(one.function, Shown())))
        return (call for call in made if not self.hidden.has(call))


def try_id(index: int) -> str:
    """Id of the probe for the subtask's try of that position."""
    return f"try:{index}"


def is_try(probe_id: str) -> bool:
    """Whether the probe is a try."""
    return probe_id.startswith("try:")


def tries(case: AuthorCase, subtask: Subtask) -> tuple[Try, ...]:
    """Calls with inputs that the case shows (visible checks and calls), and with smaller ones.

    Never an input that a hidden check or call uses.
    """
    return inputs(case, subtask).tries


def inputs(case: AuthorCase, subtask: Subtask) -> Inputs:
    """The inputs of a subtask's functions."""
    return _inputs(_Texts.of(case, subtask))


@dataclass(frozen=True)
class _Texts:
    """All of a case that a subtask's inputs are read from. Equal texts give equal inputs."""

    before: tuple[str, ...]
    """Code that is handed out and runs before the check, in order."""
    visible: tuple[str, ...]
    hidden: tuple[str, ...]
    references: tuple[str, ...]
    answered: frozenset[str]
    """Names that answers bind: what these are is the learner's."""
    modules: tuple[tuple[str, str], ...]
    calls: bytes
    """The subtask's calls, as JSON."""

    @classmethod
    def of(cls, case: AuthorCase, subtask: Subtask) -> "_Texts":
        answers = {id_: source for one in case.subtasks for id_, source in one.reference.items()}
        first = min((at for at, cell in enumerate(case.cells) if cell.id in subtask.view.answer_cells), default=0)
        given = [cell for cell in case.cells[:first] if cell.kind == "code" and cell.id not in answers]
        sources = [*answers.values(), *(source for one in case.subtasks for source in one.starter.values())]
        return cls(
            before=tuple(cell.source for cell in given),
            visible=tuple(check.source for check in subtask.checks if not check.hidden),
            hidden=tuple(check.source for check in subtask.checks if check.hidden),
            references=tuple(subtask.reference.values()),
            answered=frozenset[str]().union(*map(bound, sources)),
            modules=tuple(case.modules.items()),
            calls=_CALLS.dump_json(subtask.probes),
        )


@lru_cache(maxsize=256)
def _inputs(texts: _Texts) -> Inputs:
    functions = [*chain.from_iterable(_functions(source) for source in texts.references)]
    names = frozenset(function.name for function in functions)
    before = Text((), imported=dict(texts.modules))
    for source in texts.before:
        before.read(source)
    for name in texts.answered:
        before.names.pop(name, None)
    seen = [_read(source, names, before) for source in texts.visible]
    unseen = [_read(source, names, before) for source in texts.hidden]
    calls = _CALLS.validate_json(texts.calls)
    visible = [*chain.from_iterable(text.calls for text in seen), *_of_calls(calls, names, hidden=False)]
    hidden = Hidden.of(
        [*chain.from_iterable(text.calls for text in unseen), *_of_calls(calls, names, hidden=True)],
        chain.from_iterable(text.held for text in unseen),
        chain.from_iterable(literals(source, before.names, before.imported) for source in texts.visible),
        parameters(functions),
    )
    shown = {name: shown_by(call.values for call in visible if call.function == name) for name in names}
    return Inputs(_chosen([call for call in visible if size(call.values)[0] <= _MAX_PARTS], hidden), hidden, shown)


def _functions(source: str) -> Iterator[ast.FunctionDef]:
    tree = parsed(source)
    return (node for node in (tree.body if tree else ()) if isinstance(node, ast.FunctionDef))


def _read(source: str, functions: frozenset[str], before: Text) -> Text:
    text = Text(functions, dict(before.names), dict(before.imported))
    text.read(source)
    return text


def _of_calls(calls: Sequence[CallProbe], functions: frozenset[str], *, hidden: bool) -> Iterator[Try]:
    for call in calls:
        if call.hidden == hidden and call.call in functions and (call.args or call.kwargs):
            kwargs = tuple((name, of_probe(value)) for name, value in call.kwargs.items())
            yield Try(call.call, tuple(map(of_probe, call.args)), kwargs)


def _chosen(read: Sequence[Try], hidden: Hidden) -> tuple[Try, ...]:
    """A third of the room for what is read; what is made from it is smaller and says it better."""
    found: dict[str, Try] = {}
    read = read[:_MAX_CALLS]
    for one in chain(read[: MAX_TRIES // 3], _made(read), read):
        if len(found) >= MAX_TRIES:
            break
        if not hidden.has(one):
            found.setdefault(one.text, one)
    return tuple(sorted(found.values(), key=lambda one: size(one.values)))


def _made(calls: Sequence[Try]) -> Iterator[Try]:
    """One smaller input of each call in turn, then the next of each; after them those that are smaller still."""
    steps = [[call.having(values) for values in smaller(call.values)] for call in calls]
    for row in range(max(map(len, steps), default=0)):
        yield from (step[row] for step in steps if row < len(step))
    for step in steps:
        for one in step:
            yield from map(one.having, islice(smaller(one.values), MAX_TRIES))
