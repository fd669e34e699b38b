"""Find the reference or a hidden test in what a learner can see."""

import base64
import binascii
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from case_uploader.format.data_files import DataSource
from case_uploader.format.manifest import MANIFEST_FILE, Manifest
from case_uploader.format.problem import Problems
from case_uploader.format.split import SplitCell
from services.contracts.case import Flaw, Subtask

MIN_LINE_CHARS = 12
"""Shorter lines (`x = 1`, `return a`) prove nothing."""
_LINE = re.compile(r"[^\n]+")
MAX_SCANNED_BYTES = 4 * 1024 * 1024
MAX_MEMBERS = 1_000
_ARCHIVES = {".zip", ".xlsx", ".docx"}
_TEXT_SUFFIXES = {
    ".py",
    ".ipynb",
    ".txt",
    ".csv",
    ".tsv",
    ".jsonl",
    ".log",
    ".xml",
    ".svg",
    ".r",
    ".sql",
    ".md",
    ".rst",
    ".json",
    ".yaml",
    ".yml",
    ".html",
    ".toml",
    ".cfg",
    ".ini",
    "",
}


@dataclass(frozen=True)
class Secret:
    """Lines that no learner may see, from one cell."""

    kind: str
    """`solution` or `hidden test`."""
    cell: str
    label: str
    lines: frozenset[str]
    """Squeezed; only those long enough to be told apart."""
    enough: int
    """How many of the lines make a leak."""


@dataclass(frozen=True)
class Shown:
    """A text that learners can see."""

    file: str
    cell: str | None
    text: str
    cell_id: str | None = None


def find_leaks(secrets: Iterable[Secret], shown: Iterable[Shown], problems: Problems) -> None:
    """Record each secret that shows in a text. A cell's own visible rest is not searched for its own solution."""
    known = list(secrets)
    if not known:
        return
    telling = frozenset[str]().union(*(secret.lines for secret in known))
    for text in shown:
        # a large table has a hundred thousand lines: they are looked at one after the other, and none is kept
        lines = {line for found in _LINE.finditer(text.text) if (line := _squeezed(found[0])) in telling}
        for secret in known:
            if text.cell_id == secret.cell and secret.kind == "solution":
                continue
            if len(secret.lines & lines) >= secret.enough:
                _record(secret, text, sorted(secret.lines & lines), problems)


def _record(secret: Secret, text: Shown, lines: list[str], problems: Problems) -> None:
    rule = "solution-visible" if secret.kind == "solution" else "hidden-test-visible"
    shown = lines[0] if len(lines[0]) <= 60 else lines[0][:57] + "…"
    problems.add(
        rule,
        f"the {secret.kind} of {secret.label!r} can be read here (`{shown}`); take it out",
        file=text.file,
        cell=text.cell,
    )


def _squeezed(line: str) -> str:
    return re.sub(r"\s+", "", line.lstrip("# >|"))


def _telling(lines: Iterable[str]) -> set[str]:
    bare = (line.strip() for line in lines)
    kept = {_squeezed(line) for line in bare if not line.startswith(("#", "import ", "from ", '"""'))}
    return {line for line in kept if len(line) >= MIN_LINE_CHARS}


def secrets_of(split: Iterable[SplitCell]) -> Iterator[Secret]:
    """A solution leaks when most of its telling lines show; a hidden test with any assert that shows."""
    parts = list(split)
    # A start that was written elsewhere may show what it should not.
    starts = [part for part in parts if part.author.role == "answer" and part.author.starter is None]
    given = {_squeezed(line) for part in starts for line in part.source.split("\n")}
    for part in parts:
        cell = part.author
        solution = _telling(part.solution) - given
        if solution:
            enough = max(1, -(-len(solution) * 3 // 5))
            yield Secret("solution", cell.id, cell.label, frozenset(solution), enough)
        tests = _telling(line for line in part.hidden if line.strip().startswith("assert"))
        if tests:
            yield Secret("hidden test", cell.id, cell.label, frozenset(tests), 1)


def shown_cells(split: Iterable[SplitCell], file: str) -> Iterator[Shown]:
    """The learner's cells and the text in their attachments."""
    for part in split:
        cell = part.author
        yield Shown(file, cell.label, part.source, cell.id)
        if cell.tags:
            yield Shown(file, f"{cell.label}: metadata tags", "\n".join(cell.tags))
        for name, bundle in cell.attachments.items():
            if f"attachment:{name}" in part.source:
                for text in _attached_texts(bundle):
                    yield Shown(file, f"{cell.label}: attachment {name}", text)


def _attached_texts(bundle: Mapping[str, object]) -> Iterator[str]:
    for content in bundle.values():
        if isinstance(content, list):
            content = "".join(str(part) for part in content)
        if not isinstance(content, str):
            continue
        yield content
        try:
            yield base64.b64decode(content, validate=False).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue


def shown_data(data: Iterable[DataSource]) -> Iterator[Shown]:
    """Text files of the dataset, and those in its archives; a notebook is read cell by cell, outputs included."""
    for source in data:
        suffix = source.path.suffix.lower()
        try:
            if suffix in _ARCHIVES:
                yield from _shown_members(source)
            elif suffix in _TEXT_SUFFIXES:
                with source.path.open("rb") as stream:
                    yield _shown_text(source.file.path, stream.read(MAX_SCANNED_BYTES))
        except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError):
            # Broken, encrypted or in a way of packing that Python does not know: learners see its outside only.
            continue


def _shown_text(file: str, content: bytes) -> Shown:
    text = content.decode("utf-8", "replace")
    return Shown(file, None, "\n".join([text, *_strings_of(text)]))


def _shown_members(source: DataSource) -> Iterator[Shown]:
    """The texts in an archive, together no longer than one file may be."""
    left = MAX_SCANNED_BYTES
    with zipfile.ZipFile(source.path) as archive:
        for member in archive.infolist()[:MAX_MEMBERS]:
            if left > 0 and PurePosixPath(member.filename).suffix.lower() in _TEXT_SUFFIXES:
                with archive.open(member) as stream:
                    content = stream.read(left)
                left -= len(content)
                yield _shown_text(f"{source.file.path}: {member.filename}"[:200], content)


def _strings_of(text: str) -> Iterator[str]:
    """Every string inside JSON (notebooks keep their source in it)."""
    if not text.lstrip().startswith(("{", "[")):
        return
    try:
        queue = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while queue:
        value = queue.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            queue += list(value.values())
        elif isinstance(value, list):
            queue += value


def shown_words(subtasks: Iterable[Subtask], flaws: Iterable[Flaw]) -> Iterator[Shown]:
    """What the author wrote for learners outside the notebook."""
    for subtask in subtasks:
        key = f"subtasks: {subtask.view.id}"
        for name, words in (("plan", subtask.plan), ("example", subtask.example)):
            if words:
                yield Shown("case.yaml", f"{key}.{name}", words)
        for check in subtask.checks:
            if check.hint:
                yield Shown("case.yaml", f"{key}.hints.{check.id}", check.hint)
    for flaw in flaws:
        yield Shown("flaws.yaml", f"{flaw.id}.words", flaw.words)


def shown_manifest(manifest: Manifest) -> Iterator[Shown]:
    """What stands in lists and headings."""
    for key in ("title", "summary"):
        yield Shown(MANIFEST_FILE, key, str(getattr(manifest, key)))
    yield Shown(MANIFEST_FILE, "topics", "\n".join(manifest.topics))
    for entry in manifest.subtasks:
        if entry.title:
            yield Shown(MANIFEST_FILE, f"subtasks: {entry.id}.title", entry.title)
