"""The space of repairs between a learner's program and a correct one."""

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from feedback.repair.deadline import Deadline
from feedback.repair.edits import Edit
from feedback.repair.trees import written


class Space(ABC):
    """The repairs that lie between a learner's program and a correct one: all sets of some edits."""

    def __init__(self, edits: Mapping[int, Edit], groups: Mapping[str, frozenset[int]], deadline: Deadline) -> None:
        self.edits, self.groups = edits, groups
        """By number; and the numbers of those of each function."""
        self._deadline = deadline
        self._sources: dict[frozenset[int], str] = {}

    @property
    def everything(self) -> frozenset[int]:
        """All edits: the correct program, in the learner's names."""
        return frozenset(self.edits)

    def cost(self, active: Iterable[int]) -> int:
        """About how many nodes these edits change."""
        return sum(self.edits[number].cost for number in active)

    def render(self, active: frozenset[int]) -> str:
        """The program with these edits. Raises OutOfTime: it is not known yet, and the deadline has passed."""
        if active not in self._sources:
            self._deadline.look()
            self._sources[active] = "\n\n".join(map(written, self._statements(active)))
        return self._sources[active]

    @abstractmethod
    def _statements(self, active: frozenset[int]) -> Sequence[ast.stmt]:
        """Those of the program with these edits."""
