"""Single lines of a file of documents, read by where they stand."""

from pathlib import Path

from evaluation.runs.lines import lines_at, located


def test_every_line_is_read_again_from_where_it_stands(tmp_path: Path) -> None:
    lines = [b'{"a":1}', "\u2028 no end of a line \x85".encode(), b"", b"\r", b"torn"]
    path = tmp_path / "documents.jsonl"
    path.write_bytes(b"\n".join(lines))
    with path.open("rb") as file:
        found = dict(located(file))
    assert list(found.values()) == [line for line in lines if line]
    assert list(lines_at(path, reversed(found))) == [line for line in reversed(lines) if line]


def test_reading_goes_on_from_where_the_file_stands(tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    path.write_bytes(b"one\ntwo\n")
    with path.open("rb") as file:
        file.seek(4)
        assert list(located(file)) == [((4, 3), b"two")]


def test_what_is_not_there_any_more_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "documents.jsonl"
    assert list(lines_at(path, [(0, 1)])) == []
    path.write_bytes(b"short")
    assert list(lines_at(path, [(0, 5), (3, 5), (90, 1)])) == [b"short"]
