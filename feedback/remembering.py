import asyncio
from typing import Final

import structlog
from prometheus_client import Counter

from feedback.firewall.own import NOBODY
from feedback.firewalls import KeptFirewalls
from feedback.hints.task import HintTask
from feedback.ports import Memory
from feedback.repair_signatures import RepairSignatures
from services.contracts.case import AuthorCase
from services.contracts.escalation import MemoryEntry, Recall, Recalled
from services.contracts.feedback import CheckRequest, Feedback
from services.contracts.finding import Finding
from services.contracts.identity import ScopeClaims

_log = structlog.get_logger(__name__)
SECONDS: Final = 0.3
"""The longest that a check waits for what mentors remember."""
REPAIR_SECONDS: Final = 1.2
"""The longest that a check of a step with remembered answers waits to learn which mistake it is."""
MAX_SIGNATURES: Final = 20
"""`Recall` takes no more; the most consequential come first."""
_LOOKED_AT: Final = 4_096
"""Entries whose text the firewall has seen; then it begins to look again."""


class Remembering:
    """Gives findings the answer that a mentor wrote for the same mistake before.

    A memory that is away, slow or broken costs a check nothing but these words: it is logged and counted, and the
    feedback stays as it is. What a mentor says is a person's decision, so a text that shows a part of the solution is
    logged, for whoever looks after the case, and shown all the same.

    Args:
        repairs: tells mistakes apart that fail the same checks; None: they count as one.
        seconds: the longest that one question to the memory is waited for.
    """

    def __init__(
        self,
        memory: Memory,
        firewalls: KeptFirewalls,
        repairs: RepairSignatures | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._memory, self._firewalls, self._repairs, self._seconds = memory, firewalls, repairs, seconds
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

    async def remember(
        self, case: AuthorCase, request: CheckRequest, feedback: Feedback, claims: ScopeClaims, scope: str
    ) -> Feedback:
        """The feedback with remembered answers. `scope`: the learner's scope token, which says `claims`. Never raises.

        Where work can be repaired, answers are tied to what its smallest repair changes: several mistakes fail the
        same check. Finding that out takes a while, and is begun only if the step has remembered answers.
        """
        signatures = tuple(dict.fromkeys(finding.signature for finding in feedback.findings))[:MAX_SIGNATURES]
        subtask = case.subtask(request.subtask)
        if not signatures or subtask is None:
            return feedback
        mistake = None
        if self._repairs is not None and self._repairs.tells(subtask):
            task = HintTask("debug", case, subtask, request.cells, claims)
            self._repairs.prepare(task)
            look = Recall(subtask=request.subtask, signatures=(), look_only=True)
            if not (await self._recalled(case, look, scope)).known:
                return feedback
            mistake = await self._repairs.of(task, REPAIR_SECONDS)
        asked = (mistake,) if mistake else signatures
        entries = (await self._recalled(case, Recall(subtask=request.subtask, signatures=asked), scope)).entries
        given = {signature: entry for signature, entry in entries.items() if signature in asked}
        if not given:
            return feedback
        for entry in given.values():
            self._look_at(case, entry)
        if mistake:
            # It is the mistake behind all findings; the first is the one that is read first.
            first, *others = feedback.findings
            return feedback.model_copy(update={"findings": (_answered(first, given[mistake]), *others)})
        findings = tuple(_answered(finding, given.get(finding.signature)) for finding in feedback.findings)
        return feedback.model_copy(update={"findings": findings})

    async def _recalled(self, case: AuthorCase, recall: Recall, scope: str) -> Recalled:
        try:
            async with asyncio.timeout(self._seconds):
                recalled = await self._memory.recall(recall, scope)
        except TimeoutError:
            self.recalls.labels("late").inc()
            _log.warning("mentors' memory was too slow", case=case.id, subtask=recall.subtask, seconds=self._seconds)
            return Recalled(entries={})
        except Exception as error:
            # Whatever is wrong over there, the verdict stands without it.
            self.recalls.labels("failed").inc()
            _log.warning("mentors' memory could not be asked", case=case.id, subtask=recall.subtask, error=str(error))
            return Recalled(entries={})
        if not recalled.known or not recall.look_only:
            self.recalls.labels("given" if recalled.entries else "none").inc()
        return recalled

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


def _answered(finding: Finding, entry: MemoryEntry | None) -> Finding:
    """The finding in the words of whoever met the mistake, rather than of the author who foresaw it."""
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
