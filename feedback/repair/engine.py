"""The search for the smallest verified repair of one program."""

import ast
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from feedback.repair.draft import Draft, draft, function_called, misnamed
from feedback.repair.edits import Edit
from feedback.repair.minimise import minimised
from feedback.repair.names import Values
from feedback.repair.pool import Pool, Solution
from feedback.repair.ports import Trials
from feedback.repair.traces import instrumented, of_function
from feedback.repair.trees import size, source_distance


class OutOfTime(Exception):
    """The time budget of a repair is over; what was best so far counts."""


@dataclass(frozen=True, eq=False)
class Repaired:
    """A verified repair. Evidence only: no learner sees its source."""

    source: str
    edits: tuple[Edit, ...]
    distance: int
    """Nodes to change from the learner's tree to the repaired one."""
    seconds: float
    """After how long it was found."""


@dataclass(frozen=True)
class Effort:
    """How much is tried."""

    seconds: float = 5.0
    solutions: int = 6
    """Solutions that each function is laid over."""
    enough: float = 0.1
    """A repair that changes no more than this share of the program is not improved on."""


class Engine:
    """Finds repairs of programs of one subtask.

    Args:
        pool: correct solutions; one is enough.
        trials: runs candidates on the checks.
    """

    def __init__(
        self, pool: Pool, trials: Trials, effort: Effort | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool, self._trials, self._effort, self._clock = pool, trials, effort or Effort(), clock
        self._values: dict[str, Mapping[str, Sequence[str]]] = {}

    def repair(self, source: str) -> Repaired | None:
        """The smallest verified repair found in time, or None. A source that is no Python has none."""
        try:
            tree = ast.parse(source)
            return _Search(self, tree, source).run()
        except (SyntaxError, ValueError, RecursionError):
            return None

    def values(self, source: str) -> Mapping[str, Sequence[str]]:
        """Values of a correct program's variables, asked for once."""
        if source not in self._values:
            (self._values[source],) = self._trials.values([instrumented(source)])
        return self._values[source]


class _Search:
    def __init__(self, engine: Engine, tree: ast.Module, source: str) -> None:
        self._engine, self._tree, self._source = engine, tree, source
        self._pool, self._trials, self._effort = engine._pool, engine._trials, engine._effort
        self._began = engine._clock()
        self._known: dict[str, bool] = {}
        self.best: Repaired | None = None

    def run(self) -> Repaired | None:
        try:
            self._search()
        except OutOfTime:
            pass
        return self.best

    def _passes(self, programs: Sequence[str]) -> list[bool]:
        unknown = [program for program in dict.fromkeys(programs) if program not in self._known]
        if unknown:
            if self._engine._clock() - self._began > self._effort.seconds:
                raise OutOfTime
            self._known.update(zip(unknown, self._trials.passed(unknown), strict=True))
        return [self._known[program] for program in programs]

    def _search(self) -> None:
        ranked = self._ranked()
        if not all(ranked.values()):
            return
        mine = self._my_values()
        chosen = {name: solutions[0] for name, solutions in ranked.items()}
        self._try(chosen, mine)
        deep = max(map(len, ranked.values()))
        for rank in range(1, deep):
            if self._good():
                return
            for name, solutions in ranked.items():
                if rank < len(solutions) and (self.best is None or self._touches(name)):
                    self._try(chosen | {name: solutions[rank]}, mine)

    def _good(self) -> bool:
        return self.best is not None and self.best.distance <= self._effort.enough * size(self._tree)

    def _touches(self, name: str) -> bool:
        return True

    def _ranked(self) -> dict[str, list[Solution]]:
        others = misnamed(self._tree, self._pool.required)
        ranked: dict[str, list[Solution]] = {}
        for name in self._pool.required:
            function = others.get(name) or function_called(self._tree, name)
            if function is None:
                ranked[name] = self._pool.shortest(name)[:1]
            else:
                ranked[name] = self._pool.nearest(function, name, self._effort.solutions)
        return ranked

    def _my_values(self) -> dict[str, Values]:
        try:
            (seen,) = self._trials.values([instrumented(self._source)])
        except (SyntaxError, ValueError):
            seen = {}
        others = misnamed(self._tree, self._pool.required)
        return {name: of_function(seen, others[name].name if name in others else name) for name in self._pool.required}

    def _try(self, chosen: Mapping[str, Solution], mine: Mapping[str, Values]) -> None:
        values = {name: of_function(self._engine.values(one.program), name) for name, one in chosen.items()}
        laid = draft(self._source, self._tree, chosen, mine, values)
        active = minimised(laid, self._passes)
        if active is not None:
            self._offer(laid, active)

    def _offer(self, laid: Draft, active: frozenset[int]) -> None:
        source = laid.render(active)
        distance = source_distance(ast.unparse(self._tree), source)
        if self.best is None or distance < self.best.distance:
            edits = tuple(laid.edits[number] for number in sorted(active))
            self.best = Repaired(source, edits, distance, self._engine._clock() - self._began)
