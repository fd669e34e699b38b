"""Outputs of a learner's cells, as mentors see them beside a question. They prove nothing: whoever writes a notebook
can write them, too, and no verdict ever looks at them.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue

from services.contracts.model import WireModel
from services.contracts.notebook import MAX_SOURCE_CHARS

MAX_TEXT: Final = 10_000
"""Characters of one output."""
MAX_PICTURE: Final = 512 * 1024
"""Bytes of one picture."""
MAX_OUTPUTS: Final = 20
"""Of one cell."""
CELL_CHARS: Final = 1_000_000
"""Of all outputs of one cell, with pictures as base64."""
ALL_CHARS: Final = 3_000_000
"""Of all outputs of a question."""

Left = Literal["html", "svg", "script", "latex", "markdown", "widget", "no_picture", "too_large", "other"]
"""What is left out of an output: it is only ever named."""
Base64 = Annotated[str, Field(max_length=MAX_PICTURE * 4 // 3 + 4, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]


class NotebookOutputs(WireModel):
    """What is beneath one cell, as the notebook holds it; nothing of it has been looked at yet."""

    cell: str = Field(min_length=1, max_length=64)
    source: str = Field(max_length=MAX_SOURCE_CHARS)
    """Of the cell now, to be compared with the version that the question is about."""
    stale: bool = False
    """The cell has been changed since it ran."""
    outputs: tuple[dict[str, JsonValue], ...] = ()
    """As nbformat 4 has them. Whatever else it is, the question is taken in."""


class Output(WireModel):
    """One output: text, or a picture. Nothing else is ever shown of a notebook."""

    kind: Literal["stdout", "stderr", "result", "error", "picture"]
    text: str = Field(default="", max_length=MAX_TEXT)
    """Plain, without control characters; of a picture, what stands in its place."""
    cut: bool = False
    """The text was longer."""
    mime: Literal["image/png", "image/jpeg"] | None = None
    data: Base64 = ""
    left_out: tuple[Left, ...] = Field(default=(), max_length=9)


class CellOutputs(WireModel):
    """What a cell shows beneath it."""

    cell: str
    stale: bool = False
    """It is of other code than that of the question."""
    outputs: tuple[Output, ...] = Field(max_length=MAX_OUTPUTS)
    more: int = Field(default=0, ge=0)
    """So many further ones are not shown."""
