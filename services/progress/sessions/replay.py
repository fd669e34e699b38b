"""A notebook at any instant of a recorded session. Pure; docs/reference/session-events.md has the rules, by number."""

from collections.abc import Iterable
from typing import Final

from services.contracts.notebook import MAX_CELLS, MAX_SOURCE_CHARS
from services.contracts.session import ReplayCell, SessionEvent
from services.progress.sessions.payloads import CellCreated, CellMoved, Edit, Snapshot, payload_of

_NARROW: Final = "\uffff"
"""The last character that is one UTF-16 unit."""


class Notebook:
    """A notebook that events are applied to, one after the other in the order of `seq`."""

    def __init__(self, cells: Iterable[ReplayCell] = ()) -> None:
        self._cells: list[_Cell] = []
        self._by_id: dict[str, _Cell] = {}
        self._replace(cells)

    def apply(self, event: SessionEvent) -> None:
        """Do what the event did. Raises ValueError for data that `payloads.payload_of` refuses."""
        match event.kind:
            case "edit" | "snapshot" | "cell_created" | "cell_moved":
                self._apply(event.cell, payload_of(event))
            case "cell_deleted":
                self._take_out(event.cell)

    @property
    def cells(self) -> tuple[ReplayCell, ...]:
        """The cells as they are now."""
        return tuple(ReplayCell.model_construct(id=cell.id, kind=cell.kind, source=cell.source) for cell in self._cells)

    def _apply(self, cell: str | None, payload: object) -> None:
        match payload:
            case Snapshot():
                self._replace(payload.cells)
            case Edit() if cell in self._by_id:
                self._by_id[cell].edit(payload.at, payload.removed, payload.inserted)
            case CellCreated() if cell is not None:
                self._put_in(payload.index, _Cell(ReplayCell(id=cell, kind=payload.kind, source=payload.source)))
            case CellMoved():
                moved = self._take_out(cell)
                if moved is not None:
                    self._put_in(payload.index, moved)

    def _replace(self, cells: Iterable[ReplayCell]) -> None:
        self._cells, self._by_id = [], {}
        for cell in cells:
            self._put_in(len(self._cells), _Cell(cell))

    def _put_in(self, index: int, cell: "_Cell") -> None:
        if cell.id in self._by_id or len(self._cells) >= MAX_CELLS:
            return
        self._cells.insert(index, cell)
        self._by_id[cell.id] = cell

    def _take_out(self, cell: str | None) -> "_Cell | None":
        found = None if cell is None else self._by_id.pop(cell, None)
        if found is not None:
            self._cells.remove(found)
        return found


class _Cell:
    """One cell; its source is cut and joined by UTF-16 units."""

    def __init__(self, cell: ReplayCell) -> None:
        self.id, self.kind = cell.id, cell.kind
        self.source = ""
        # While every character is one unit, offsets of Python and of JavaScript are the same.
        self._wide = False
        self.edit(0, 0, cell.source)

    def edit(self, at: int, removed: int, inserted: str) -> None:
        """Rule 4, then rule 8."""
        self._wide = self._wide or max(inserted, default="") > _NARROW
        if self._wide:
            self.source = _edited(self.source, at, removed, inserted)
        else:
            self.source = (self.source[:at] + inserted + self.source[at + removed :])[:MAX_SOURCE_CHARS]


def notebook_at(events: Iterable[SessionEvent], instant: int) -> tuple[ReplayCell, ...]:
    """The notebook `instant` milliseconds after the session began; `events` from its first one on, by `seq`."""
    notebook = Notebook()
    for event in events:
        # Rule 2: an event is not earlier than one before it, so the first that is too late ends it.
        if event.at > instant:
            break
        notebook.apply(event)
    return notebook.cells


def _edited(source: str, at: int, removed: int, inserted: str) -> str:
    units = source.encode("utf-16-le")
    start = min(at, len(units) // 2)
    end = min(start + removed, len(units) // 2)
    if _within_pair(units, start):
        start -= 1
        end = start if removed == 0 else end
    if _within_pair(units, end):
        end += 1
    joined = units[: 2 * start] + inserted.encode("utf-16-le") + units[2 * end :]
    limit = MAX_SOURCE_CHARS - 1 if _within_pair(joined, MAX_SOURCE_CHARS) else MAX_SOURCE_CHARS
    return joined[: 2 * limit].decode("utf-16-le")


def _within_pair(units: bytes, offset: int) -> bool:
    """Whether the offset lies between the halves of a surrogate pair; the text holds whole pairs only."""
    return 2 * offset + 1 < len(units) and 0xDC <= units[2 * offset + 1] <= 0xDF
