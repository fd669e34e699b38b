"""Where a text holds code: fenced blocks, code spans, and lines that look like code without saying so."""

import re
from collections.abc import Iterator
from textwrap import dedent

FENCE = re.compile(r"^[ >]*(?:```+|~~~+)")
_SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)([^`\n]{1,400})\1(?!`)")
_PREFIX = re.compile(r"^[ \t]*(?:>>>|\.\.\.|>|[-*+•]|\(?\d{1,3}[.):|]|In ?\[\d*\]:)[ \t]")
_LOOKS_LIKE_CODE = re.compile(
    r"""^\s*(?:
        (?:if|elif|for|while|def|with|class|try|except|else|finally)\b.{0,300}:\s*(?:\#.*)?$
      | (?:return|import|from|assert|raise|yield|del|lambda|pass|break|continue)\b
      | [^\W\d][\w.\[\]"', *]{0,120}?\s*(?:[-+*/|&^%@]|//|\*\*)?=(?!=)
      | .{0,200}[\w\])]\(.{0,400}
      | [\])}(\[{"']
      | @\w
      | .{0,200}(?:==|!=|<=|>=|\[\w)
    )""",
    re.VERBOSE,
)
_MAX_JOINED = 12


def snippets(text: str) -> Iterator[str]:
    """Every piece of the text that may be code, dedented; a piece may come both whole and line by line."""
    for block in _blocks(text):
        yield dedent("\n".join(block))
        yield from logical_lines(block)


def spans(text: str) -> list[str]:
    """What stands between backticks within a line."""
    return [match[2] for match in _SPAN.finditer(text)]


def _blocks(text: str) -> Iterator[list[str]]:
    block: list[str] = []
    fenced = False
    for raw in text.split("\n"):
        if FENCE.match(raw):
            if block:
                yield block
            block, fenced = [], not fenced
            continue
        line = _PREFIX.sub("", raw[:2_000])
        if fenced or _LOOKS_LIKE_CODE.match(line):
            block.append(raw[:2_000] if fenced else line)
        elif block and line.strip():
            yield block
            block = []
        for span in [] if fenced else spans(line):
            yield [span]
    if block:
        yield block


def logical_lines(block: list[str]) -> Iterator[str]:
    """Each line made a statement of its own: brackets closed by what follows, headers given a body."""
    joined = ""
    count = 0
    for line in block:
        joined = f"{joined} {line.strip()}" if joined else _PREFIX.sub("", line).strip()
        count += 1
        if _open(joined) and count < _MAX_JOINED:
            continue
        if joined:
            yield _completed(joined)
        joined, count = "", 0
    if joined:
        yield _completed(joined)


def _open(line: str) -> bool:
    return sum(line.count(one) for one in "([{") > sum(line.count(one) for one in ")]}")


def _completed(line: str) -> str:
    line = line.removeprefix("el") if line.startswith("elif ") else line
    return f"{line} pass" if line.endswith(":") else line
