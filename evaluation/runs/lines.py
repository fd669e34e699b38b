"""Files of one JSON document a line, of which single lines are read by where they stand."""

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

Where = tuple[int, int]
"""First byte of a line, and how many bytes it has."""


def located(file: IO[bytes]) -> Iterator[tuple[Where, bytes]]:
    """Every line from where the file stands on, without its end.

    Bytes, because text may hold characters that Python takes for ends of lines.
    """
    start = file.tell()
    for line in file:
        whole = line.removesuffix(b"\n")
        if whole:
            yield (start, len(whole)), whole
        start += len(line)


def lines_at(path: Path, places: Iterable[Where]) -> Iterator[bytes]:
    """The lines that stand there; none where there is no file, or it has become shorter since."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        for start, size in places:
            file.seek(start)
            line = file.read(size)
            if len(line) == size:
                yield line
