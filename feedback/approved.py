"""Answers that learners were approved for, as further solutions of their step, in cases whose author allows it."""

import ast
import asyncio
import hashlib
import itertools
import json
from typing import Final

from feedback.evidence.structure.nearest import Answer
from feedback.notebook.reading import parsed
from feedback.ports import Cache
from feedback.repair.names import own_names, parameters, renamed
from feedback.single_flight import SingleFlight
from services.contracts.case import AuthorCase, Subtask

MOST: Final = 60
"""Answers of one step, each of another form. On programs of real learners the next ones hardly come nearer."""
_LONGEST: Final = 10_000
"""Characters of an answer."""
_STEPS: Final = 256

_Key = tuple[str, str]


class ApprovedAnswers:
    """Keeps approved answers of each step of a case version, in a form that says nothing of who wrote them.

    They are evidence only, as repairs are: no text that a learner reads is made from them. What is lost with the cache
    costs precision and no verdict.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._kept = SingleFlight[_Key, tuple[Answer, ...]](_STEPS)
        self._writing = asyncio.Lock()

    async def of(self, case: AuthorCase, subtask: Subtask) -> tuple[Answer, ...]:
        """All that are kept of the step, the earliest first; none where the case does not allow it."""
        if not case.learn_from_approved:
            return ()
        key = case.version, subtask.view.id
        return await self._kept.get(key, lambda: self._read(key))

    async def learn(self, case: AuthorCase, subtask: Subtask, answers: Answer) -> None:
        """Keep answers that every check was passed with, unless they are like some that are kept, or there are many."""
        if not case.learn_from_approved or sum(map(len, answers.values())) > _LONGEST:
            return
        plain = {cell: impersonal(source) for cell, source in answers.items()}
        own = [{cell: impersonal(source) for cell, source in one.items()} for one in _own(case, subtask)]
        async with self._writing:
            known = await self.of(case, subtask)
            if plain in own or plain in known or len(known) >= MOST:
                return
            key = case.version, subtask.view.id
            await self._cache.put(_digest(key), json.dumps([*known, plain]).encode("utf-8", "surrogatepass"))
            self._kept.forget(key)

    async def _read(self, key: _Key) -> tuple[Answer, ...]:
        data = await self._cache.get(_digest(key))
        return tuple(json.loads(data)) if data is not None else ()


def impersonal(source: str) -> str:
    """The same code without remarks and docstrings, and with numbers for the names that functions have for themselves.

    Parameters keep theirs, as calls may name them, and so do names outside of functions, which checks may ask for.
    """
    tree = parsed(source)
    if tree is None:
        return source
    body: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node = renamed(node, _numbered(node))
        body.append(node)
    without = ast.Module(body, [])
    for inner in ast.walk(without):
        if isinstance(inner, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            kept = [one for one in inner.body if not _is_text(one)]
            inner.body = kept if kept or inner is without else [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(without))


def _numbered(function: ast.FunctionDef) -> dict[str, str]:
    kept = {arg.arg for arg in parameters(function)}
    taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} | kept
    free = (name for number in itertools.count() if (name := f"v{number}") not in taken)
    return {name: next(free) for name in own_names(function) if name not in kept}


def _is_text(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    return False


def _own(case: AuthorCase, subtask: Subtask) -> list[Answer]:
    cells = subtask.reference.keys()
    variants = ({cell: variant[cell] for cell in cells if cell in variant} for variant in case.variants)
    return [subtask.reference, *(subtask.reference | variant for variant in variants if variant)]


def _digest(key: _Key) -> str:
    return hashlib.sha256("\0".join(("approved", *key)).encode()).hexdigest()
