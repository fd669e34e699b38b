"""What of a learner's outputs goes along to mentors: text and small pictures, and nothing that could do anything."""

import base64
import struct
import time
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.notebook import Cell
from services.contracts.output import (
    ALL_CHARS,
    CELL_CHARS,
    MAX_OUTPUTS,
    MAX_PICTURE,
    MAX_TEXT,
    CellOutputs,
    NotebookOutputs,
    Output,
)
from services.gateway.outputs import plain, shown

CODE = "print(1)"
CELLS = (Cell(id="a", source=CODE), Cell(id="b", source=CODE), Cell(id="text", kind="markdown", source=CODE))


def png(width: int = 2, height: int = 2, body: bytes = b"") -> bytes:
    """A picture; `body` is noise that makes it larger."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\x00" + b"\x7f" * 2 for _ in range(2)))
    parts = (chunk(b"IHDR", header), chunk(b"tEXt", b"x\x00" + body), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg(width: int = 3, height: int = 2) -> bytes:
    """The beginning of a picture, up to and with what says how large it is."""
    start = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xff\xdb\x00\x04ab"
    return start + b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00\xff\xd9"


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def display(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": {k.replace("__", "/"): v for k, v in data.items()}}


def stream(text: Any, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def beneath(*outputs: dict[str, Any], cell: str = "a", source: str = CODE, stale: bool = False) -> NotebookOutputs:
    return NotebookOutputs(cell=cell, source=source, stale=stale, outputs=outputs)


def one(output: dict[str, Any]) -> Output:
    (found,) = shown([beneath(output)], CELLS)
    (only,) = found.outputs
    return only


def test_text_and_tracebacks_are_shown_without_their_colours() -> None:
    assert one(stream(["one\n", "two"])) == Output(kind="stdout", text="one\ntwo")
    assert one(stream("\x1b[1;31mred\x1b[0m", "stderr")) == Output(kind="stderr", text="red")
    raised = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": ["\x1b[0;31m---", "at line 3"]}
    assert one(raised) == Output(kind="error", text="---\nat line 3")
    assert one(raised | {"traceback": []}).text == "KeyError: 'x'"
    result = {"output_type": "execute_result", "data": {"text/plain": ["42"]}, "execution_count": 3}
    assert one(result) == Output(kind="result", text="42")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[H\x1b[?25lgone\x1bc", "gone"),
        ("\x1b[38;5;196;1mred", "red"),
        ("0%\r50%\r100%\nnext\r\n\rlast\r", "100%\nnext\nlast"),
        ("a\x00b\x08\x7f\x9b", "a\ufffdb\ufffd\ufffd\ufffd"),
        ("safe\u202etxt.exe\u2066", "safe\ufffdtxt.exe\ufffd"),
        ("half \ud800", "half ?"),
        ("\ttab\nline", "\ttab\nline"),
        ("\x1b", "\ufffd"),
        (None, ""),
        ({"text": "x"}, ""),
        (["a", 1, None, "b"], "ab"),
    ],
)
def test_nothing_that_a_terminal_obeys_is_left(text: Any, left: str) -> None:
    assert plain(text) == (left, False)


def test_a_flood_keeps_both_of_its_ends_and_takes_no_time() -> None:
    began = time.process_time()
    for flood in ("first " + "x" * 8_000_000 + " last", "first\n" + "\x1b]" * 4_000_000 + "\nlast", "\r" * 8_000_000):
        text, cut = plain(flood)
        assert cut
        assert len(text) <= MAX_TEXT
        if "first" in flood:
            assert text.startswith("first")
            assert text.endswith("last")
    assert time.process_time() - began < 5
    text, cut = plain("line\n" * 3_000)
    assert cut
    assert "characters are left out" in text


@pytest.mark.parametrize(
    ("mime", "left"),
    [
        ("text/html", "html"),
        ("image/svg+xml", "svg"),
        ("application/javascript", "script"),
        ("text/latex", "latex"),
        ("text/markdown", "markdown"),
        ("application/vnd.jupyter.widget-view+json", "widget"),
        ("application/vnd.jupyter.widget-state+json", "widget"),
        ("application/pdf", "other"),
        ("image/gif", "other"),
        ("image/webp", "other"),
        ("IMAGE/PNG", "other"),
        ("text/plain; charset=x", "other"),
        ("<script>alert(1)</script>", "other"),
    ],
)
def test_all_else_is_named_and_nothing_of_it_is_kept(mime: str, left: str) -> None:
    content = "<script>window.hit = 1</script>"
    bare = one({"output_type": "display_data", "data": {mime: content}})
    assert bare == Output(kind="result", left_out=(left,))
    beside = one({"output_type": "execute_result", "data": {mime: [content], "text/plain": "words"}})
    assert (beside.text, beside.left_out) == ("words", (left,))
    assert "hit" not in bare.model_dump_json() + beside.model_dump_json()


def test_pictures_are_shown_with_the_words_that_stand_in_their_place() -> None:
    wrapped = "\n".join(b64(png())[at : at + 20] for at in range(0, len(b64(png())), 20))
    plot = one(display(image__png=wrapped, text__plain="<Figure size 640x480>", text__html="<b>x</b>"))
    assert (plot.kind, plot.mime, base64.b64decode(plot.data)) == ("picture", "image/png", png())
    assert (plot.text, plot.left_out) == ("<Figure size 640x480>", ("html",))
    photo = one(display(image__jpeg=b64(jpeg())))
    assert (photo.kind, photo.mime, photo.text) == ("picture", "image/jpeg", "")


@pytest.mark.parametrize(
    ("mime", "content", "why"),
    [
        ("image/png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no_picture"),
        ("image/png", b"<html><script>alert(1)</script>", "no_picture"),
        ("image/png", jpeg(), "no_picture"),
        ("image/jpeg", png(), "no_picture"),
        ("image/jpeg", b"\xff\xd8\xff", "no_picture"),
        ("image/jpeg", b"\xff\xd8\xff\xe0\x00\x00" + b"\xff" * 100, "no_picture"),
        ("image/png", b"\x89PNG\r\n\x1a\n", "no_picture"),
        ("image/png", b"", "no_picture"),
        ("image/png", png(100_000, 100_000), "no_picture"),
        ("image/png", png(9_000, 9_000), "no_picture"),
        ("image/png", png(0, 5), "no_picture"),
        ("image/jpeg", jpeg(65_000, 65_000), "no_picture"),
        ("image/png", png(body=b"n" * MAX_PICTURE), "too_large"),
        ("image/png", png(body=b"n" * 2 * MAX_PICTURE), "too_large"),
    ],
)
def test_what_only_says_that_it_is_a_picture_is_none(mime: str, content: bytes, why: str) -> None:
    output = one({"output_type": "display_data", "data": {mime: b64(content), "text/plain": "instead"}})
    assert output == Output(kind="result", text="instead", left_out=(why,))


@pytest.mark.parametrize("value", ["data:image/png;base64,AAAA", "%%%", "A", 5, None, {"a": 1}, "'><script>"])
def test_what_is_no_base64_is_no_picture(value: Any) -> None:
    assert one(display(image__png=value)) == Output(kind="result", left_out=("no_picture",))


def test_the_other_picture_is_taken_where_the_first_is_none() -> None:
    output = one(display(image__png="no", image__jpeg=b64(jpeg())))
    assert (output.mime, output.left_out) == ("image/jpeg", ("no_picture",))


def test_only_code_cells_of_the_version_have_outputs_once_and_older_ones_say_so() -> None:
    found = shown(
        [
            beneath(stream("b"), cell="b", source="print(2)"),
            beneath(stream("a")),
            beneath(stream("a again")),
            beneath(stream("m"), cell="text"),
            beneath(stream("c"), cell="unknown"),
        ],
        (*CELLS, Cell(id="none", source="")),
    )
    assert [(f.cell, f.stale, f.outputs[0].text) for f in found] == [("b", True, "b"), ("a", False, "a")]
    assert shown([beneath(stream("a"), stale=True), beneath(cell="b")], CELLS)[0].stale
    assert shown([beneath()], CELLS) == ()


def test_there_is_a_limit_to_a_cell_and_to_all_of_them() -> None:
    many = beneath(*(stream(f"{number}") for number in range(50)))
    (found,) = shown([many], CELLS)
    assert (len(found.outputs), found.more) == (MAX_OUTPUTS, 50 - MAX_OUTPUTS)
    large = display(image__png=b64(png(body=b"n" * 500_000)))
    cells = tuple(Cell(id=f"c{number}", source=CODE) for number in range(6))
    found_all = shown([beneath(large, large, stream("small"), cell=cell.id) for cell in cells], cells)
    sizes = [sum(len(o.text) + len(o.data) for o in f.outputs) for f in found_all]
    assert max(sizes) <= CELL_CHARS
    assert sum(sizes) <= ALL_CHARS
    assert [o.kind for o in found_all[0].outputs] == ["picture", "result", "stdout"]
    assert found_all[0].outputs[1].left_out == ("too_large",)
    assert found_all[-1].outputs[0].left_out == ("too_large",)
    assert found_all[-1].outputs[2].text == "small"


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KEYS = st.sampled_from(
    ["output_type", "data", "text", "name", "traceback", "ename", "evalue", "image/png", "text/plain"]
)
VALUES = JSON | st.sampled_from(["stream", "error", "display_data", "execute_result"]) | st.dictionaries(KEYS, JSON)


@given(st.lists(st.dictionaries(KEYS, VALUES), max_size=3))
def test_whatever_a_notebook_holds_a_question_is_asked(outputs: list[dict[str, Any]]) -> None:
    found = shown([NotebookOutputs(cell="a", source="", outputs=tuple(outputs))], CELLS)
    for cell in found:
        assert CellOutputs.model_validate_json(cell.model_dump_json()) == cell
