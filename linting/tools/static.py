"""bandit, vulture and our own rules: they only parse, and share one warm worker."""

from linting.explanations.bandit import TESTS
from linting.explanations.vulture import KINDS
from linting.review.module import Module
from linting.review.problem import Problem, Severity, ToolName
from linting.tools.worker import Worker

MIN_CONFIDENCE = 80
"""vulture is sure of unused imports (90) and of what can never run (100). Below that come names that a hidden check,
a later cell or the reader of the notebook may well use."""
SECONDS = 20.0
"""The three take turns; the largest notebook allowed keeps each busy for a second or two. Together with joining this
stays below the 30 s after which a caller gives up."""


class Bandit:
    """Security problems."""

    name: ToolName = "bandit"

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def run(self, module: Module) -> list[Problem]:
        """As `Tool.run`."""
        found = await self._worker.call("bandit", SECONDS, source=module.source, tests=sorted(TESTS))
        return [
            Problem(tool=self.name, severity=_severity(issue["rule"], issue.pop("level")), **issue) for issue in found
        ]


def _severity(test: str, level: str) -> Severity | None:
    """None: as the test's explanation says. A command without any variable part is LOW among the injections (B6…)."""
    return "advice" if level == "LOW" and test.startswith("B6") else None


class Vulture:
    """Code that is never used or reached."""

    name: ToolName = "vulture"

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def run(self, module: Module) -> list[Problem]:
        """As `Tool.run`."""
        found = await self._worker.call("vulture", SECONDS, source=module.source, min_confidence=MIN_CONFIDENCE)
        return [Problem(tool=self.name, **item) for item in found if item["rule"] in KINDS]


class Smells:
    """Our own data-science rules."""

    name: ToolName = "caseloop"

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def run(self, module: Module) -> list[Problem]:
        """As `Tool.run`."""
        found = await self._worker.call(
            "smells",
            SECONDS,
            source=module.source,
            cells=[(first, last) for _, first, last in module.cells()],
            displays=module.displays,
            executions=[module.executions.get(cell) for cell, _, _ in module.cells()],
        )
        return [Problem(tool=self.name, **hit) for hit in found]
