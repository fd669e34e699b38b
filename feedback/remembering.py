import asyncio
from typing import Final

import structlog
from prometheus_client import Counter

from feedback.firewall.own import NOBODY
from feedback.firewalls import KeptFirewalls
from feedback.ports import Memory
from services.contracts.case import AuthorCase
from services.contracts.escalation import MemoryEntry, Recall
from services.contracts.feedback import Feedback
from services.contracts.finding import Finding

_log = structlog.get_logger(__name__)
SECONDS: Final = 0.3
"""The longest that a check waits for what mentors remember."""
MAX_SIGNATURES: Final = 20
"""`Recall` takes no more; the most consequential come first."""
_LOOKED_AT: Final = 4_096
"""Entries whose text the firewall has seen; then it begins to look again."""


class Remembering:
    """Gives findings the answer that a mentor wrote for the same mistake before.

    A memory that is away, slow or broken costs a check nothing but these words: it is logged and counted, and the
    feedback stays as it is. What a mentor says is a person's decision, so a text that shows a part of the solution is
    logged, for whoever looks after the case, and shown all the same.
    """

    def __init__(self, memory: Memory, firewalls: KeptFirewalls, seconds: float = SECONDS) -> None:
        self._memory, self._firewalls, self._seconds = memory, firewalls, seconds
        self._looked_at: set[tuple[str, str, str]] = set()
        self._looking: set[asyncio.Task[None]] = set()
        self.recalls = Counter(
            "caseloop_memory_recalls",
            "Checks with findings, by what mentors' memory gave: `given`, `none`, `late` or `failed`.",
            ("outcome",),
            registry=None,
        )
        self.leaks = Counter(
            "caseloop_memory_leaks",
            "Remembered answers that show a part of a solution; they are shown, a mentor decided so.",
            ("kind",),
            registry=None,
        )

    async def remember(self, case: AuthorCase, subtask: str, feedback: Feedback, scope: str) -> Feedback:
        """The feedback with remembered answers. `scope`: the learner's scope token. Never raises."""
        signatures = tuple(dict.fromkeys(finding.signature for finding in feedback.findings))[:MAX_SIGNATURES]
        if not signatures:
            return feedback
        entries = await self._recalled(case, Recall(subtask=subtask, signatures=signatures), scope)
        given = {signature: entry for signature, entry in entries.items() if signature in signatures}
        if not given:
            return feedback
        for entry in given.values():
            self._look_at(case, entry)
        return feedback.model_copy(update={"findings": tuple(_with(f, given) for f in feedback.findings)})

    async def _recalled(self, case: AuthorCase, recall: Recall, scope: str) -> dict[str, MemoryEntry]:
        try:
            async with asyncio.timeout(self._seconds):
                entries = (await self._memory.recall(recall, scope)).entries
        except TimeoutError:
            self.recalls.labels("late").inc()
            _log.warning("mentors' memory was too slow", case=case.id, subtask=recall.subtask, seconds=self._seconds)
            return {}
        except Exception as error:
            # Whatever is wrong over there, the verdict stands without it.
            self.recalls.labels("failed").inc()
            _log.warning("mentors' memory could not be asked", case=case.id, subtask=recall.subtask, error=str(error))
            return {}
        self.recalls.labels("given" if entries else "none").inc()
        return entries

    def _look_at(self, case: AuthorCase, entry: MemoryEntry) -> None:
        """Have the firewall read a text once, beside the check."""
        key = (case.version, entry.id, entry.text)
        if key in self._looked_at:
            return
        if len(self._looked_at) >= _LOOKED_AT:
            self._looked_at.clear()
        self._looked_at.add(key)
        task = asyncio.create_task(self._examine(case, entry))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _examine(self, case: AuthorCase, entry: MemoryEntry) -> None:
        firewall = await self._firewalls.of(case)
        leak = await asyncio.to_thread(firewall.examine, entry.text, NOBODY)
        if leak is not None:
            self.leaks.labels(leak.kind).inc()
            _log.warning("a remembered answer shows a part of a solution", case=case.id, entry=entry.id, kind=leak.kind)


def _with(finding: Finding, given: dict[str, MemoryEntry]) -> Finding:
    """The finding in the words of whoever met the mistake, rather than of the author who foresaw it."""
    entry = given.get(finding.signature)
    if entry is None:
        return finding
    return finding.model_copy(
        update={
            "mentor": entry.text,
            "remembered": entry.id,
            "mentor_name": entry.mentor,
            "mentor_wrote": entry.edited or entry.written,
        }
    )
