"""Data files that are there and yet hold nothing a learner could read."""

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from case_uploader.format.data_files import DataSource
from case_uploader.format.problem import Problems

_LFS: Final = b"version https://git-lfs.github.com/spec/"
_HEAD_BYTES: Final = 64 * 1024


def _begins(*magic: bytes) -> Callable[[Path, bytes], bool]:
    return lambda _, head: head.startswith(magic)


def _is_zip(path: Path, _: bytes) -> bool:
    return zipfile.is_zipfile(path)


_KINDS: Final[dict[str, Callable[[Path, bytes], bool]]] = {
    ".zip": _is_zip,
    ".xlsx": _is_zip,
    ".npz": _is_zip,
    ".gz": _begins(b"\x1f\x8b"),
    ".parquet": _begins(b"PAR1"),
    ".npy": _begins(b"\x93NUMPY"),
    ".png": _begins(b"\x89PNG"),
    ".jpg": _begins(b"\xff\xd8"),
    ".sqlite": _begins(b"SQLite format 3\0"),
}
_TABLES: Final = frozenset({".csv", ".tsv"})


def check_contents(data: Iterable[DataSource], problems: Problems) -> None:
    """Record what is only a pointer, is not what its name says, or is a table in another encoding than UTF-8."""
    for source in data:
        name, suffix = source.file.path, source.path.suffix.lower()
        try:
            with source.path.open("rb") as stream:
                head = stream.read(_HEAD_BYTES)
        except OSError as error:
            problems.add("file-unreadable", f"could not be read: {error.strerror}", file=name)
            continue
        is_kind = _KINDS.get(suffix)
        if head.startswith(_LFS):
            message = "is only Git LFS's pointer to the file; run `git lfs pull` and upload again"
            problems.add("data-unreadable", message, file=name)
        elif not head and (is_kind or suffix in _TABLES):
            problems.add("data-unreadable", "is empty", file=name)
        elif is_kind and not is_kind(source.path, head):
            problems.add(
                "data-unreadable", f"is no {suffix} file, whatever its name says; it may be cut off", file=name
            )
        elif suffix in _TABLES and not _is_utf8(head):
            message = "is not UTF-8 text: pandas reads it only when it is told the encoding; better save it as UTF-8"
            problems.note("data-encoding", message, file=name)


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A letter of several bytes may be cut at the end of what was read.
        return len(head) == _HEAD_BYTES and error.start > len(head) - 4
    return True
