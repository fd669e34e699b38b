from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, JsonValue
from pydantic_core import PydanticSerializationError, to_json


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
