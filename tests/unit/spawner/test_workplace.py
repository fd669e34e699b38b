import json
import os
from pathlib import Path

import pytest

from spawner.workplace import MAX_NOTEBOOK_BYTES, UnusableNotebook, Workplace

NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    workplace = Workplace(tmp_path / "lena" / "case")
    workplace.prepare()
    return workplace


def test_a_notebook_comes_back_as_it_was_written(place: Workplace) -> None:
    place.write_notebook("case.ipynb", NOTEBOOK)
    assert place.has_notebook("case.ipynb")
    assert place.read_notebook("case.ipynb")[0] == NOTEBOOK


def test_a_missing_notebook_is_said_to_be_missing(place: Workplace) -> None:
    assert not place.has_notebook("case.ipynb")
    with pytest.raises(FileNotFoundError):
        place.read_notebook("case.ipynb")


def test_a_link_to_a_file_outside_is_neither_read_nor_overwritten(place: Workplace, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(json.dumps({"secret": "password"}))
    (place.work / "case.ipynb").symlink_to(secret)
    assert not place.has_notebook("case.ipynb")
    with pytest.raises(UnusableNotebook):
        place.read_notebook("case.ipynb")
    place.write_notebook("case.ipynb", NOTEBOOK)
    assert json.loads(secret.read_text()) == {"secret": "password"}


def test_a_pipe_does_not_block(place: Workplace) -> None:
    os.mkfifo(place.work / "case.ipynb")
    with pytest.raises(UnusableNotebook, match="not a regular file"):
        place.read_notebook("case.ipynb")


BROKEN = [b"", b"not json", b"[]", b"[" * 100_000, b'"text"', b"{}", b'{"cells": {}}', b'{"cells": [']


@pytest.mark.parametrize("content", BROKEN)
def test_what_is_no_notebook_is_named_and_moved_aside_not_lost(place: Workplace, content: bytes) -> None:
    (place.work / "case.ipynb").write_bytes(content)
    with pytest.raises(UnusableNotebook, match="not a notebook"):
        place.read_notebook("case.ipynb")
    assert not place.has_notebook("case.ipynb")
    place.write_notebook("case.ipynb", NOTEBOOK)
    assert place.has_notebook("case.ipynb")
    assert [p.read_bytes() for p in place.work.glob("case.ipynb.*.moved")] == [content]


def test_a_huge_notebook_is_refused_without_being_read(place: Workplace) -> None:
    with (place.work / "case.ipynb").open("wb") as file:
        file.truncate(MAX_NOTEBOOK_BYTES + 1)
    with pytest.raises(UnusableNotebook, match="larger than 16 MB"):
        place.read_notebook("case.ipynb")
    assert place.has_notebook("case.ipynb"), "JupyterLab can still open it"


def test_a_folder_in_the_notebooks_place_is_moved_aside_not_deleted(place: Workplace) -> None:
    (place.work / "case.ipynb").mkdir()
    (place.work / "case.ipynb" / "mine.txt").write_text("mine")
    place.write_notebook("case.ipynb", NOTEBOOK)
    assert place.read_notebook("case.ipynb")[0] == NOTEBOOK
    assert [p.read_text() for p in place.work.glob("case.ipynb.*.moved/mine.txt")] == ["mine"]


@pytest.mark.parametrize("kind", ["link", "file", "folder", "nothing"])
def test_a_mount_point_is_always_a_real_folder(place: Workplace, tmp_path: Path, kind: str) -> None:
    data = place.work / "data"
    match kind:
        case "link":
            data.symlink_to(tmp_path)
        case "file":
            data.write_text("mine")
        case "folder":
            data.mkdir()
    place.mount_point("data")
    assert data.is_dir()
    assert not data.is_symlink()


@pytest.mark.parametrize("kind", ["link", "file", "folder", "nothing", "point"])
def test_a_mount_point_of_a_file_is_always_a_real_empty_file(place: Workplace, tmp_path: Path, kind: str) -> None:
    picture, elsewhere = place.work / "picture.png", tmp_path / "elsewhere"
    elsewhere.write_text("untouched")
    match kind:
        case "link":
            picture.symlink_to(elsewhere)
        case "file":
            picture.write_text("mine")
        case "folder":
            picture.mkdir()
        case "point":
            picture.touch()
    place.mount_point_of_file("picture.png")
    assert (picture.is_symlink(), picture.read_bytes(), elsewhere.read_text()) == (False, b"", "untouched")
    kept = list(place.work.glob("picture.png.*.moved"))
    assert len(kept) == (kind in ("link", "file", "folder"))
    if kind == "file":
        assert kept[0].read_text() == "mine"


def test_the_version_a_learner_is_on_is_remembered_and_survives_a_broken_file(place: Workplace) -> None:
    assert place.version is None
    place.keep_version("a" * 64)
    assert place.version == "a" * 64
    (place.root / "state.json").write_text("{")
    assert place.version is None
