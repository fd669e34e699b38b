"""What a learner's notebook shows, made harmless and small before it goes along with a question to mentors."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from pydantic import JsonValue

from services.contracts.notebook import Cell
from services.contracts.output import (
    ALL_CHARS,
    CELL_CHARS,
    MAX_OUTPUTS,
    MAX_PICTURE,
    MAX_TEXT,
    CellOutputs,
    Left,
    NotebookOutputs,
    Output,
)
from services.gateway.pictures import is_picture

Raw = dict[str, JsonValue]

_READ: Final = 100_000
"""Characters at each end of a text that are looked at: a flood must not take time."""
_HEAD: Final = 6_000
_TAIL: Final = MAX_TEXT - _HEAD - 100
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
"""What colours text in a terminal, and what else terminals obey."""
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the direction of what follows."""
_LEFT: Final[dict[str, Left]] = {
    "text/html": "html",
    "image/svg+xml": "svg",
    "application/javascript": "script",
    "text/javascript": "script",
    "text/latex": "latex",
    "text/markdown": "markdown",
    "application/vnd.jupyter.widget-view+json": "widget",
    "application/vnd.jupyter.widget-state+json": "widget",
}
_PICTURES: Final[tuple[Literal["image/png", "image/jpeg"], ...]] = ("image/png", "image/jpeg")


def shown(notebook: Sequence[NotebookOutputs], cells: Sequence[Cell]) -> tuple[CellOutputs, ...]:
    """What mentors see beneath the cells of a question, in the order given: the first have the room.

    Text, tracebacks and small pictures; all else is named. Never raises: a question is not lost for its outputs.
    """
    sources = {cell.id: cell.source for cell in cells if cell.kind == "code"}
    room, found = ALL_CHARS, []
    for one in notebook:
        source = sources.pop(one.cell, None)
        if source is None or not one.outputs:
            continue
        outputs = tuple(_fitting(one.outputs[:MAX_OUTPUTS], min(room, CELL_CHARS)))
        room -= sum(map(_size, outputs))
        found.append(
            CellOutputs(
                cell=one.cell,
                stale=one.stale or one.source != source,
                outputs=outputs,
                more=len(one.outputs) - len(outputs),
            )
        )
    return tuple(found)


def plain(value: JsonValue) -> tuple[str, bool]:
    """(text as a terminal would leave it, whether it was longer)."""
    text = value if isinstance(value, str) else "".join(_lines(value))
    cut = len(text) > 2 * _READ
    if cut:
        text = text[:_READ] + text[-_READ:]
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").rstrip("\r")
    # A bar of progress overwrites its line again and again: what came last stands there.
    text = "\n".join(line.rpartition("\r")[2] for line in text.split("\n"))
    # Half of a character (a lone surrogate) could not be sent.
    text = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text).encode(errors="replace").decode()
    if len(text) <= MAX_TEXT:
        return text, cut
    return f"{text[:_HEAD]}\n… {len(text) - _HEAD - _TAIL:,} characters are left out …\n{text[-_TAIL:]}", True


def _fitting(outputs: Sequence[Raw], room: int) -> Iterator[Output]:
    for raw in outputs:
        output = _output(raw)
        if _size(output) > room:
            output = Output(kind="result", left_out=("too_large",))
        room -= _size(output)
        yield output


def _size(output: Output) -> int:
    return len(output.text) + len(output.data)


def _output(raw: Raw) -> Output:
    match raw.get("output_type"):
        case "stream":
            text, cut = plain(raw.get("text"))
            return Output(kind="stderr" if raw.get("name") == "stderr" else "stdout", text=text, cut=cut)
        case "error":
            named = f"{raw.get('ename')}: {raw.get('evalue')}"
            text, cut = plain("\n".join(_lines(raw.get("traceback"))) or named)
            return Output(kind="error", text=text, cut=cut)
        case "display_data" | "execute_result":
            data = raw.get("data")
            return _displayed(data if isinstance(data, dict) else {})
    return Output(kind="result", left_out=("other",))


def _displayed(data: Raw) -> Output:
    """The first picture, else the text; of what else there is, its name."""
    text, cut = plain(data.get("text/plain"))
    left: dict[Left, None] = {}
    for mime in _PICTURES:
        if mime in data:
            picture, why = _picture(mime, data[mime])
            if why is None:
                left.update(_others(data))
                return Output(kind="picture", text=text, cut=cut, mime=mime, data=picture, left_out=tuple(left))
            left[why] = None
    left.update(_others(data))
    return Output(kind="result", text=text, cut=cut, left_out=tuple(left))


def _others(data: Raw) -> dict[Left, None]:
    return {_LEFT.get(mime, "other"): None for mime in data if mime != "text/plain" and mime not in _PICTURES}


def _picture(mime: Literal["image/png", "image/jpeg"], value: JsonValue) -> tuple[str, Left | None]:
    """(the picture as base64, None), or ("", why not)."""
    text = value if isinstance(value, str) else "".join(_lines(value))
    # Base64 has line ends in notebooks; whatever is longer with them is too large without.
    if len(text) > MAX_PICTURE * 3 // 2:
        return "", "too_large"
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return "", "no_picture"
    if len(content) > MAX_PICTURE:
        return "", "too_large"
    return (base64.b64encode(content).decode(), None) if is_picture(mime, content) else ("", "no_picture")


def _lines(value: JsonValue) -> list[str]:
    """Nbformat lets a text be a list of its lines."""
    return [line for line in value if isinstance(line, str)] if isinstance(value, list) else []
