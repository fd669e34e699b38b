from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, JsonValue
from pydantic_core import PydanticSerializationError, to_json

MOST: Final = 2**31 - 1
"""Of whole numbers that are kept: columns of both databases hold it."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class WireModel(BaseModel):
    """A value that crosses a process boundary: immutable, and nothing unknown is accepted silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


def _writable(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        to_json(value)
    except PydanticSerializationError as error:
        raise ValueError("holds half of a character (a lone surrogate), or is nested too deeply to be sent") from error
    return value


JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_writable)]
"""Free JSON from outside. What Python reads as JSON it cannot always write: such values are refused on reading."""


def _on_every_calendar(value: datetime) -> datetime:
    if not _FIRST <= value < _LAST:
        raise ValueError(f"lies outside the years {_FIRST.year} to {_LAST.year - 1}")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_on_every_calendar)]
"""A moment that a caller names. Without a time zone it would be none; near the ends of Python's calendar it could
neither be told in another zone nor counted on from."""
