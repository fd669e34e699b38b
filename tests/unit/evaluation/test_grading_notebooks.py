"""Reading what was handed in: every kind of broken file is told apart, and the message says where."""

import json
import os
from pathlib import Path

import pytest

from evaluation.grading import notebooks
from evaluation.grading.notebooks import UnreadableNotebook, find_notebooks, read_cells, read_file
from services.contracts.notebook import MAX_CELLS, MAX_SOURCE_CHARS

GOOD = {"cell_type": "code", "metadata": {}, "source": "x = 1", "id": "a"}


def _notebook(*cells: object, **more: object) -> bytes:
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": cells, **more}).encode()


BROKEN = {
    "empty": (b"", "the file is empty"),
    "blank": (b" \n ", "the file is empty"),
    "not JSON": (b"x = 1", "not a notebook: no valid JSON (Expecting value: line 1 column 1"),
    "cut short": (_notebook(GOOD)[:-9], "not a notebook: no valid JSON ("),
    "no text": (b'{"cells": ["\xff"]}', "not a notebook: byte 13 is no text in utf-8"),
    "a number of 5,000 digits": (b"1" * 5_000, "not a notebook: no valid JSON ("),
    "nested without end": (b"[" * 100_000, "not a notebook: nested too deeply"),
    "a list": (b"[]", "not a notebook: there is no list of cells"),
    "no cells": (b'{"nbformat": 4}', "not a notebook: there is no list of cells"),
    "cells are no list": (b'{"nbformat": 4, "cells": {}}', "not a notebook: there is no list of cells"),
    "empty list of cells": (_notebook(), "the notebook has no cells"),
    "an old format": (b'{"nbformat": 3, "worksheets": []}', "its nbformat is 3, not 4: open it in JupyterLab"),
    "a format of the future": (_notebook(GOOD, nbformat=5), "its nbformat is 5, not 4"),
    "a format that is a novel": (_notebook(GOOD, nbformat="n" * 999), f"its nbformat is '{'n' * 39}…, not 4"),
    "too many cells": (_notebook(*[GOOD] * (MAX_CELLS + 1)), "the notebook has 1,001 cells; up to 1,000"),
    "a cell is no object": (_notebook(GOOD, "x = 1"), "cell 2: its cell_type is None, not code"),
    "an unknown kind": (_notebook(GOOD, GOOD | {"cell_type": "heading"}), "cell 2: its cell_type is 'heading'"),
    "a kind that is a list": (_notebook(GOOD | {"cell_type": []}), "cell 1: its cell_type is []"),
    "source is a number": (_notebook(GOOD, GOOD | {"source": 7}), "cell 2: its source is neither text nor"),
    "source is a list of numbers": (_notebook(GOOD | {"source": [7]}), "cell 1: its source is neither text nor"),
    "a huge cell": (
        _notebook(GOOD, GOOD | {"source": ["x"] * (MAX_SOURCE_CHARS + 1)}),
        "cell 2: it has 200,001 characters; up to 200,000 can be graded",
    ),
    "half a character in the source": (_notebook(GOOD, GOOD | {"source": "'\ud800'"}), "cell 2: its source is not"),
    "half a character in an id": (_notebook(GOOD | {"id": "\ud800"}), "cell 1: its id is not valid"),
    "half a character in metadata": (_notebook(GOOD | {"metadata": {"a": "\ud800"}}), "cell 1: its metadata is not"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_notebook_is_refused_with_what_is_wrong_and_where(content: bytes, message: str) -> None:
    with pytest.raises(UnreadableNotebook) as refused:
        read_cells(content)
    assert str(refused.value).startswith(message)
    assert len(str(refused.value)) < 300


def test_lines_are_joined_and_other_systems_line_ends_made_alike() -> None:
    (cell,) = read_cells(_notebook(GOOD | {"source": ["x = 1\r\n", "y = 2"]}))
    assert cell.source == "x = 1\ny = 2"


def test_a_notebook_of_another_encoding_is_read() -> None:
    assert read_cells(_notebook(GOOD).decode().encode("utf-16"))[0].source == "x = 1"
    assert read_cells(b"\xef\xbb\xbf" + _notebook(GOOD))[0].source == "x = 1"


@pytest.mark.parametrize("given", [None, "", 7, "x" * 65])
def test_a_cell_without_a_usable_id_gets_one_that_no_case_gives(given: object) -> None:
    bare = {key: value for key, value in GOOD.items() if key != "id"}
    cells = read_cells(_notebook(GOOD, bare if given is None else GOOD | {"id": given}))
    assert [cell.id for cell in cells] == ["a", "unnamed-2"]


def test_metadata_that_is_no_object_is_left_out() -> None:
    assert read_cells(_notebook(GOOD | {"metadata": ["odd"]}))[0].metadata == {}


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = tmp_path / "huge.ipynb"
    with huge.open("wb") as file:
        file.truncate(notebooks.MAX_BYTES + 1)
    with pytest.raises(UnreadableNotebook, match="more than 64 MiB"):
        read_file(huge)


def test_a_file_that_cannot_be_read_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(UnreadableNotebook, match="the file cannot be read: No such file"):
        read_file(tmp_path / "vanished.ipynb")


def test_notebooks_are_found_below_the_folder_in_order_without_checkpoints(tmp_path: Path) -> None:
    for name in ("b/one.ipynb", "a.ipynb", "b/.ipynb_checkpoints/one-checkpoint.ipynb", ".hidden.ipynb", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a-folder.ipynb").mkdir()
    assert [found.name for found in find_notebooks(tmp_path)] == ["a.ipynb", "b/one.ipynb"]


def test_a_file_name_that_is_no_text_can_still_be_written_down(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller.ipynb")).touch()
    (found,) = find_notebooks(tmp_path)
    assert found.name == r"M\xfcller.ipynb"
    assert found.path.is_file()
