"""The files a learner's environment gets besides the notebook."""

import ast
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from case_uploader.format.author_notebook import AuthorNotebook
from case_uploader.format.problem import Problems
from case_uploader.format.python_source import parse
from services.contracts.case import DataFile

DATA_FOLDER = "data"
MAKE_DATA_FILE = "make_data.py"
MAX_FILES = 1_000
MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_TOTAL_BYTES = 1024 * 1024 * 1024
_PART_BYTES = 1024 * 1024
_AUTHOR_ONLY = {"case.yaml", "flaws.yaml", "requirements.txt", "environment.yml", "apt.txt", MAKE_DATA_FILE}
_AUTHOR_FOLDERS = {"variants", "__pycache__"}


@dataclass(frozen=True)
class DataSource:
    """A data file and where its content lies on the author's disk."""

    file: DataFile
    path: Path

    def parts(self) -> Iterator[bytes]:
        """The content, at most 1 MiB at a time."""
        with self.path.open("rb") as stream:
            while part := stream.read(_PART_BYTES):
                yield part


def read_data_files(folder: Path, problems: Problems, *, beside_notebook: bool = False) -> tuple[DataSource, ...]:
    """Everything in `data/`; for a plain assignment (`beside_notebook`) everything beside the notebook too."""
    found: list[DataSource] = []
    total = 0
    for path in sorted(_candidates(folder, beside_notebook)):
        name = path.relative_to(folder).as_posix()
        if not _acceptable(path, name, problems):
            continue
        total += path.stat().st_size
        if len(found) == MAX_FILES or total > MAX_TOTAL_BYTES:
            problems.add(
                "data-too-big",
                f"a case may hold {MAX_FILES:,} data files and {MAX_TOTAL_BYTES // 1024**2:,} MiB together",
                file=name,
            )
            break
        found.append(DataSource(DataFile(path=name, digest=_digest(path), size=path.stat().st_size), path))
    _check_collisions(found, problems)
    return tuple(found)


def _candidates(folder: Path, beside_notebook: bool) -> Iterator[Path]:
    top = folder if beside_notebook else folder / DATA_FOLDER
    if top.is_symlink():
        yield top
        return
    for directory, folders, files in os.walk(top):
        here = Path(directory)
        folders[:] = [n for n in folders if not n.startswith(".") and n not in _AUTHOR_FOLDERS]
        linked = [n for n in folders if (here / n).is_symlink()]
        for name in [*files, *linked]:
            path = here / name
            if name.startswith(".") or (here == folder and (name in _AUTHOR_ONLY or name.endswith(".ipynb"))):
                continue
            yield path


def _acceptable(path: Path, name: str, problems: Problems) -> bool:
    if path.is_symlink() or not path.is_file():
        problems.add("data-not-a-file", "is not a regular file (links are not followed); copy the content", file=name)
    elif not name.isprintable() or "\\" in name or len(name) > 200:
        problems.add("data-name", "rename it: at most 200 printable characters and no backslash", file=name)
    elif path.stat().st_size > MAX_FILE_BYTES:
        problems.add("data-too-big", f"a data file may have {MAX_FILE_BYTES // 1024**2} MiB", file=name)
    elif not os.access(path, os.R_OK):
        problems.add("file-unreadable", "may not be read", file=name)
    else:
        return True
    return False


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_collisions(found: Iterable[DataSource], problems: Problems) -> None:
    seen: dict[str, str] = {}
    for source in found:
        other = seen.setdefault(source.file.path.casefold(), source.file.path)
        if other != source.file.path:
            problems.add("data-name", f"differs from {other!r} only by upper and lower case", file=source.file.path)


def check_data_is_there(
    folder: Path, notebook: AuthorNotebook, data: tuple[DataSource, ...], problems: Problems
) -> None:
    """Record every `data/…` path that a code cell names and that does not exist, and how to make it."""
    there = {source.file.path for source in data}
    there |= {parent.as_posix() for path in there for parent in PurePosixPath(path).parents}
    has_script = (folder / MAKE_DATA_FILE).is_file()
    remedy = f"run `python {MAKE_DATA_FILE}` in the case folder" if has_script else "put the file there"
    missing: dict[str, str] = {}
    for cell in notebook.cells:
        if cell.kind == "code":
            for path in _data_paths(cell.source):
                if path not in there:
                    missing.setdefault(path, cell.label)
    for path, label in missing.items():
        message = f"the cell names {path!r}, which is not in the case folder: {remedy}"
        problems.add("data-missing", message, file=notebook.file, cell=label)
    if has_script and not data and not missing:
        problems.add("data-missing", f"there is no data: {remedy}", file=DATA_FOLDER)


def _data_paths(source: str) -> list[str]:
    tree = parse(source)
    if tree is None:
        return []
    strings = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    tidy = (text.removeprefix("./") for text in strings)
    return [
        text
        for text in tidy
        if text.startswith(f"{DATA_FOLDER}/") and text.isprintable() and " " not in text and not set("*?{") & set(text)
    ]
