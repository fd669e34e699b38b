import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from evaluation.judge.labels import LABELS, Agreed, Drawn, Label, add_labels, agreed, known_labels
from evaluation.judge.record import RecordInUse
from evaluation.serving.aside import aside
from evaluation.serving.errors import LabelsInUse, NothingToLabel, NotJudged
from evaluation.serving.indexes import Indexes
from evaluation.serving.kept import state_of
from evaluation.serving.waiting import ToLabelNext, label_next
from services.contracts.labelling import GiveLabel, LabelGiven, LabelPage
from services.kit.clock import Clock

_log = structlog.get_logger(__name__)
_BATCH: Final = 20
"""Items that somebody gets at a time."""
_REMEMBERED: Final = 256
"""Lists that were given out."""


@dataclass(frozen=True)
class _Asked:
    """What is kept with a label besides the answer."""

    question: str
    drawn: Drawn


class Labelling:
    """What people say about the same items as the judge, in the file that `caseloop eval judge` reads and writes."""

    def __init__(self, home: Path, indexes: Indexes, clock: Clock) -> None:
        self._path, self._indexes, self._clock = home / LABELS, indexes, clock
        self._writing = asyncio.Lock()
        self._agreed: tuple[tuple[int, int] | None, dict[str, Agreed]] = None, {}
        self._issued: OrderedDict[tuple[str, str], Mapping[str, _Asked]] = OrderedDict()

    async def waiting(self, run: str, by: str) -> LabelPage:
        """What `by` should label next. Raises NotJudged, RunNotFound, RunDamaged, TookTooLong, CannotCompute."""
        found = await self._read(run, by)
        return LabelPage(
            run=run,
            items=tuple(one.item for one in found.waiting),
            given=found.given,
            labelled=found.labelled,
            judged=found.judged,
        )

    async def give(self, run: str, by: str, given: GiveLabel) -> LabelGiven:
        """Write one label down; it counts from the next calibration on.

        Raises NothingToLabel, LabelsInUse, and as `waiting`.
        """
        asked = await self._asked(run, by, given.item)
        label = Label(
            item=given.item,
            question=asked.question,
            answer=given.answer,
            by=by,
            at=self._clock(),
            drawn=asked.drawn,
            note=given.note,
        )
        try:
            async with self._writing:
                await aside(lambda: add_labels(self._path, [label]))
        except RecordInUse:
            raise LabelsInUse("A command is writing labels at this moment. Try again.") from None
        _log.info("label given", run=run, item=label.item, question=label.question, by=by)
        return LabelGiven.model_validate(label.model_dump())

    async def agreed(self) -> dict[str, Agreed]:
        """What people say, by item. Raises RunDamaged."""
        # Also of those that a command has written meanwhile.
        now = state_of(self._path)
        if now is None:
            return {}
        if self._agreed[0] != now:
            self._agreed = now, agreed(await self._known())
        return self._agreed[1]

    async def _known(self) -> list[Label]:
        return await aside(lambda: known_labels(self._path))

    async def _asked(self, run: str, by: str, item: str) -> _Asked:
        """What the person was asked. How an item was drawn is never taken from whoever answers."""
        asked = self._issued.get((run, by), {}).get(item)
        if asked is not None:
            return asked
        for label in await self._known():
            if (label.item, label.by) == (item, by):
                return _Asked(label.question, label.drawn)
        await self._read(run, by)
        asked = self._issued[run, by].get(item)
        if asked is None:
            raise NothingToLabel("This is not waiting for a label (any more). Load the list again.")
        return asked

    async def _read(self, run: str, by: str) -> ToLabelNext:
        folder, labels = self._indexes.folder(run), await self.agreed()
        found = await self._indexes.read(run, lambda index: label_next(index, folder, by, labels, _BATCH))
        if not found.judged:
            raise NotJudged(f"No judge has seen the run {run} yet; `caseloop eval judge run {run}` asks one.")
        issued = {one.item.item: _Asked(one.item.question, one.drawn) for one in found.waiting}
        # What was given out before may still be on somebody's screen.
        self._issued[run, by] = {**self._issued.pop((run, by), {}), **issued}
        while len(self._issued) > _REMEMBERED:
            self._issued.popitem(last=False)
        return found
