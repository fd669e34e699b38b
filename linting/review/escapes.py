"""IPython's own syntax (magics, shell lines, help) masked line for line, so that Python's tools can read a cell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.kit.syntax import tree_of

IPYTHON_NAMES = frozenset({"In", "Out", "_", "__", "___", "display", "exit", "get_ipython", "quit"})
"""Names that IPython adds to every notebook."""
PYTHON_CELL_MAGICS = frozenset({"capture", "memit", "prun", "time", "timeit"})
"""Cell magics whose body is Python that runs in the notebook's namespace."""
PLAIN_CELL_MAGICS = frozenset(
    {"!", "bash", "cmd", "file", "html", "javascript", "js", "latex", "markdown", "perl", "ruby", "script", "sh", "svg"}
    | {"system", "sx", "writefile"}
)
"""Cell magics whose body is not Python and that (without `--out`) bind no name."""
BINDING_MAGICS = frozenset(
    {"R", "Rget", "Rpull", "bigquery", "cpaste", "edit", "load", "loadpy", "macro", "paste", "pylab", "recall"}
    | {"rerun", "run", "sql", "store"}
)
"""Line magics that may bind names nobody can see in the notebook."""

_CELL_MAGIC = re.compile(r"%%(!|\w+)(.*)$")
_STATEMENT_MAGIC = re.compile(
    r"(?P<indent>\s*)%(?:time|timeit|prun|memit)\b(?:\s+-\w+(?:=\d+| \d+)?)*\s+(?P<body>\S.*)$"
)
_LINE_ESCAPE = re.compile(r"(?P<indent>\s*)(?:%(?P<magic>[A-Za-z_]\w*)|%%(?P<cell>\w+)|!)")
_ASSIGNMENT = re.compile(r"(?P<target>\s*[A-Za-z_][\w.,\s\[\]\"'*]*?)=\s*(?:!|%(?P<magic>\w+))")
_HELP = re.compile(r"(?P<indent>\s*)(?:\?{1,2}\s*[%\w.*]+|%{0,2}[\w.*]+(?:\[[^\]#]*\])*\?{1,2})\s*;?\s*$")
_TOKEN = re.compile(
    r"(?P<triple>\"\"\"|''')|(?P<string>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')|(?P<comment>\#.*)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|\\."
)


@dataclass(frozen=True, slots=True)
class MaskedLine:
    """A line as Python's tools may read it."""

    text: str
    shift: int = 0
    """How many characters were taken away in front: column in the cell = column here + shift."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A cell's lines, as many as it had."""

    lines: tuple[MaskedLine, ...]
    binds_unseen_names: bool
    """True: some magic may have defined names that no line shows."""

    @property
    def text(self) -> str:
        """The lines as one source text."""
        return "\n".join(line.text for line in self.lines)


def mask(lines: list[str]) -> Masked:
    """Mask a cell that is not plain Python, one line for one line.

    The common indentation goes as IPython takes it away; an escape becomes `pass`, `name = !…` keeps its name,
    `%time statement` keeps its statement. A cell that is still not Python afterwards is simply wrong.
    """
    dedented = _dedent(lines)
    first = next((i for i, line in enumerate(dedented) if line.text.strip()), None)
    magic = _CELL_MAGIC.match(dedented[first].text) if first is not None else None
    if first is None or magic is None:
        return _mask_escapes(dedented)
    name, options = magic.group(1), magic.group(2)
    if name not in PYTHON_CELL_MAGICS:
        binds = name not in PLAIN_CELL_MAGICS or "--out" in options or "--err" in options
        return Masked(tuple(MaskedLine("") for _ in lines), binds)
    kept = _kept_names(name, options)
    return _mask_escapes([*(MaskedLine("") for _ in range(first)), MaskedLine(kept), *dedented[first + 1 :]])


def _kept_names(magic: str, options: str) -> str:
    """What stands for a cell magic's own line: `%%capture shown` binds `shown`."""
    word = options.split()[0] if options.split() else ""
    return f"{word} = get_ipython()" if magic == "capture" and word.isidentifier() else ""


def _dedent(lines: list[str]) -> list[MaskedLine]:
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    if not indent:
        return [MaskedLine(line) for line in lines]
    return [
        MaskedLine(line[len(indent) :], len(indent)) if line.startswith(indent) else MaskedLine(line) for line in lines
    ]


def _mask_escapes(lines: list[MaskedLine]) -> Masked:
    masked: list[MaskedLine] = []
    binds = False
    scanner = _Scanner()
    waiting = iter(lines)
    for line in waiting:
        replaced = _replacement(line) if scanner.at_statement else None
        if replaced is None:
            scanner.read(line.text)
            masked.append(line)
            continue
        masked.append(replaced[0])
        binds = binds or replaced[1]
        masked.extend(MaskedLine("") for _ in _continued(line, waiting))
    return Masked(tuple(masked), binds)


def _continued(line: MaskedLine, waiting: Iterator[MaskedLine]) -> Iterator[MaskedLine]:
    """The lines that a backslash at the end of an escape pulls in."""
    while line.text.endswith("\\"):
        following = next(waiting, None)
        if following is None:
            return
        yield following
        line = following


def _replacement(line: MaskedLine) -> tuple[MaskedLine, bool] | None:
    """What stands for the escape on this line and whether it binds unseen names; None: it is no escape."""
    text = line.text
    if statement := _STATEMENT_MAGIC.match(text):
        indent, body = statement["indent"], statement["body"]
        if _is_python(body):
            return MaskedLine(indent + body, line.shift + statement.start("body") - len(indent)), False
    if assignment := _ASSIGNMENT.match(text):
        return MaskedLine(f"{assignment['target']}= get_ipython()", line.shift), False
    if escape := _LINE_ESCAPE.match(text):
        return MaskedLine(f"{escape['indent']}pass", line.shift), escape["magic"] in BINDING_MAGICS
    if shown := _HELP.match(text):
        return MaskedLine(f"{shown['indent']}pass", line.shift), False
    return None


def _is_python(text: str) -> bool:
    try:
        tree_of(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


class _Scanner:
    """Follows strings, brackets and backslashes just far enough to know where a statement begins."""

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0
        self._continued = False

    @property
    def at_statement(self) -> bool:
        return not self._quote and self._depth == 0 and not self._continued

    def read(self, line: str) -> None:
        position = 0
        ended_in_comment = False
        while position < len(line):
            if self._quote:
                end = line.find(self._quote, position)
                if end < 0:
                    break
                position, self._quote = end + 3, ""
                continue
            token = _TOKEN.search(line, position)
            if token is None:
                break
            position = token.end()
            ended_in_comment = token["comment"] is not None
            self._enter(token)
        self._continued = not self._quote and not ended_in_comment and line.endswith("\\")

    def _enter(self, token: re.Match[str]) -> None:
        if token["triple"]:
            self._quote = token["triple"]
        elif token["open"]:
            self._depth += 1
        elif token["close"]:
            self._depth = max(0, self._depth - 1)
