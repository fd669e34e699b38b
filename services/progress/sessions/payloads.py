"""What the data of each kind of event may hold. Pure."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, StrictBool, ValidationError

from services.contracts.feedback import Verdict
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, MAX_SOURCE_CHARS
from services.contracts.session import EventKind, ReplayCell, SessionEvent

Units = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]
"""An offset, a length or an index; text counts in UTF-16 units."""


class Snapshot(WireModel):
    """The whole notebook."""

    cells: tuple[ReplayCell, ...] = Field(max_length=MAX_CELLS)


class Edit(WireModel):
    """A stretch of a cell's text gave way to another."""

    at: Units
    removed: Units
    inserted: str = Field(max_length=MAX_SOURCE_CHARS)


class Cursor(WireModel):
    """Where the cursor was put, if that was recorded."""

    at: Units | None = None


class Paste(WireModel):
    """How much was pasted."""

    length: Units
    large: StrictBool = False
    """What the recorder thinks; measures go by the length."""


class Result(WireModel):
    """How a run ended."""

    ok: StrictBool
    error: str | None = Field(default=None, max_length=200)


class Check(WireModel):
    """What a check said."""

    verdict: Verdict | None = None


class CellCreated(WireModel):
    """A new cell."""

    index: Units
    kind: Literal["code", "markdown", "raw"] = "code"
    source: str = Field(default="", max_length=MAX_SOURCE_CHARS)


class CellMoved(WireModel):
    """Where a cell is now."""

    index: Units


class Nothing(WireModel):
    """Of the other kinds nothing is kept but that they happened."""


Payload = Snapshot | Edit | Cursor | Paste | Result | Check | CellCreated | CellMoved | Nothing

_PAYLOADS: Final[Mapping[EventKind, type[Payload]]] = {
    "snapshot": Snapshot,
    "edit": Edit,
    "cursor": Cursor,
    "paste": Paste,
    "run": Nothing,
    "result": Result,
    "check": Check,
    "hint": Nothing,
    "chat": Nothing,
    "cell_created": CellCreated,
    "cell_deleted": Nothing,
    "cell_moved": CellMoved,
    "focus": Nothing,
    "blur": Nothing,
}
_IN_A_CELL: Final = frozenset({"edit", "paste", "run", "result", "cell_created", "cell_deleted", "cell_moved"})


def payload_of(event: SessionEvent) -> Payload:
    """The event's data, read as its kind says. Raises ValueError with one line that names the event and the field."""
    if event.kind in _IN_A_CELL and not event.cell:
        raise ValueError(f"event {event.seq} ({event.kind}) does not say in which cell")
    try:
        return _PAYLOADS[event.kind].model_validate(event.data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:80]
        raise ValueError(f"event {event.seq} ({event.kind}), {place or 'data'}: {first['msg'][:120]}") from None
