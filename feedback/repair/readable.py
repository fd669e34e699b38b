"""A program that does not parse, made to: the line where the parser stopped completed, moved, replaced or dropped."""

import io
import itertools
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from feedback.repair.deadline import ENDLESS, Deadline
from feedback.repair.edits import Edit
from services.kit.syntax import tree_of

UNREADABLE: Final = "unreadable"
"""Place and role of an edit of a line that could not be read."""
MAX_FORMS: Final = 12
_ROUNDS: Final = 3
"""Broken lines of one program that are put right."""
_KEPT: Final = 4
"""Of the forms that still do not parse, those that are gone on with."""
_TRIED: Final = 200
"""Forms of one round."""
_MAX_LINES: Final = 300
_LIKE: Final = 0.5
"""A line of a correct answer that has less in common with the broken one does not stand in for it."""
_LIKELY: Final = 2
"""Lines of correct answers that stand in for a broken one."""
_MAGIC: Final = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)
_PAIRS: Final = {"(": ")", "[": "]", "{": "}"}
_GAPS: Final = 6
"""Places of one line where a comma may be missing."""
_DROPPED: Final = 6
"""What dropping a line costs beside its words: more than completing it."""


@dataclass(frozen=True)
class Readable:
    """A form of the program that parses, line for line as the learner's but for some."""

    source: str
    lines: tuple[int, ...]
    """Those that are changed."""
    cost: int
    """About how many words are changed."""

    def edits(self) -> tuple[Edit, ...]:
        """What is changed, as edits; their numbers are negative, those of a repair of the form are not."""
        each = max(1, self.cost // max(1, len(self.lines)))
        return tuple(
            Edit(-1 - at, "replace", None, None, UNREADABLE, UNREADABLE, each, (line, line))
            for at, line in enumerate(self.lines)
        )


def as_it_is(source: str) -> str | None:
    """The source without IPython's own lines, which are no Python and no mistake; None where it does not parse."""
    source = _MAGIC.sub(r"\1pass", source)
    return source if _stop(source) is None else None


def readable(source: str, solutions: Sequence[str], deadline: Deadline = ENDLESS) -> list[Readable]:
    """Forms of a source that does not parse which do, those that change least first.

    Args:
        solutions: lines of correct answers, any of which may stand in for one that is broken.

    Raises:
        OutOfTime: the deadline has passed.
    """
    source = _MAGIC.sub(r"\1pass", source)
    if source.count("\n") >= _MAX_LINES:
        return []
    found: dict[str, Readable] = {}
    broken = [Readable(source, (), 0)]
    for _ in range(_ROUNDS):
        following: dict[str, tuple[int, int, Readable]] = {}
        for form in itertools.islice((form for one in broken for form in _forms(one, solutions)), _TRIED):
            deadline.look()
            stop = _stop(form.source)
            if stop is None:
                found.setdefault(form.source, form)
            else:
                # The parser came furthest, and least is changed.
                following.setdefault(form.source, (-stop, form.cost, form))
        if found:
            break
        broken = [form for _, _, form in sorted(following.values(), key=lambda one: one[:2])[:_KEPT]]
    return sorted(found.values(), key=lambda form: form.cost)[:MAX_FORMS]


def _stop(source: str) -> int | None:
    """The line at which the parser stops; None where it does not. A source that it cannot take at all stops at once."""
    try:
        tree_of(source)
    except SyntaxError as error:
        return max(1, min(error.lineno or 1, source.count("\n") + 1))
    except (ValueError, RecursionError, MemoryError):
        return 1
    return None


def _forms(broken: Readable, solutions: Sequence[str]) -> Iterator[Readable]:
    """The program with one line otherwise: the one at which the parser stopped, or the last of those before it."""
    stop = _stop(broken.source)
    lines = broken.source.split("\n")
    if stop is None:
        return
    before = next((at for at in range(stop - 2, -1, -1) if lines[at].strip()), None)
    for at in (stop - 1, before):
        if at is not None and at < len(lines):
            for line, cost in _other_lines(lines, at, solutions):
                if line != lines[at]:
                    source = "\n".join([*lines[:at], line, *lines[at + 1 :]])
                    changed = tuple(sorted({*broken.lines, at + 1}))
                    yield Readable(source, changed, broken.cost + cost)


def _other_lines(lines: Sequence[str], at: int, solutions: Sequence[str]) -> Iterator[tuple[str, int]]:
    """(what may stand there instead, about how many words that changes)."""
    line = lines[at]
    indent, code = line[: len(line) - len(line.lstrip())], line.strip()
    for other, cost in _completed(code):
        yield indent + other, cost
    for other in _indents(lines, at):
        yield other + code, 1
        yield from ((other + form, cost + 1) for form, cost in _completed(code))
    for likeness, other in _alike(code, solutions):
        yield indent + other, 1 + round((1 - likeness) * 2 * len(_words(code)))
    for other in (indent, *_indents(lines, at)):
        yield other + "pass", _DROPPED + (other != indent) + len(_words(code))


def _completed(code: str) -> Iterator[tuple[str, int]]:
    """The line with a sign more, or less: what is opened is closed, what begins a block has its colon."""
    bare, remark = _without_remark(code)
    ends = remark and f"  {remark}"
    closed = _closed(bare)
    for other, cost in ((closed, 1), (bare + ":", 1), (closed + ":", 2), (_unclosed(bare), 1)):
        if other != bare:
            yield other + ends, cost
    colon = bare.endswith(":")
    if colon:
        yield _closed(bare[:-1]) + ":" + ends, 1
        yield bare[:-1] + ends, 1
    for match in re.finditer(r"(?<![=!<>:])=(?!=)", bare):
        # A comparison that is written as an assignment.
        yield f"{bare[: match.start()]}=={bare[match.end() :]}{ends}", 1
    for quote in ("'", '"'):
        if bare.count(quote) % 2:
            yield _closed(f"{bare}{quote}") + ends, 1
            yield _closed(f"{bare.removesuffix(':').rstrip(')]}')}{quote}") + (":" if colon else "") + ends, 2
    for left, right in _gaps(bare)[:_GAPS]:
        yield f"{bare[:left]}, {bare[right:]}{ends}", 1
    if re.search(r"[-+*/%<>=,.]\s*$|\b(and|or|not|in|is)\s*$", bare):
        # What would have come after an operator is not known: without it.
        yield re.sub(r"\s*([-+*/%<>=,.]+|\b(and|or|not|in|is))\s*$", "", bare) + ends, 1


def _gaps(code: str) -> list[tuple[int, int]]:
    """Places between two operands with nothing between them: a comma may be missing there."""
    return [match.span() for match in re.finditer(r"(?<=[\w)\]}'\"])\s+(?=[\w(\[{'\"])", code)]


def _closed(code: str) -> str:
    """With all that it opens closed at its end."""
    return code + "".join(_PAIRS[sign] for sign in reversed(_open(code)))


def _unclosed(code: str) -> str:
    """Without the first sign that closes nothing."""
    opened: list[str] = []
    for at, sign in _signs(code):
        if sign in _PAIRS:
            opened.append(sign)
        elif opened and _PAIRS[opened[-1]] == sign:
            opened.pop()
        else:
            return code[:at] + code[at + 1 :]
    return code


def _open(code: str) -> list[str]:
    opened: list[str] = []
    for _, sign in _signs(code):
        if sign in _PAIRS:
            opened.append(sign)
        elif opened and _PAIRS[opened[-1]] == sign:
            opened.pop()
    return opened


def _signs(code: str) -> Iterator[tuple[int, str]]:
    """Brackets outside of texts, and where they stand."""
    quote = ""
    for at, sign in enumerate(code):
        if quote:
            quote = "" if sign == quote and code[at - 1] != "\\" else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "()[]{}":
            yield at, sign


def _without_remark(code: str) -> tuple[str, str]:
    quote = ""
    for at, sign in enumerate(code):
        if quote:
            quote = "" if sign == quote and code[at - 1] != "\\" else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "#":
            return code[:at].rstrip(), code[at:]
    return code.rstrip(), ""


def _indents(lines: Sequence[str], at: int) -> Iterator[str]:
    """Blanks before a line: those of lines around it, and those of a block beneath the one before it."""
    mine = _indent(lines[at])
    around = [
        _indent(line) for line in (*reversed(lines[max(0, at - 8) : at]), *lines[at + 1 : at + 3]) if line.strip()
    ]
    before = next((line for line in reversed(lines[:at]) if line.strip()), "")
    beneath = [_indent(before) + "    "] if before.rstrip().endswith(":") else []
    yield from (other for other in dict.fromkeys([*beneath, *around]) if other != mine)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _alike(code: str, solutions: Sequence[str]) -> list[tuple[float, str]]:
    """The lines of correct answers that have most in common with this one, likest first."""
    mine = _words(code)
    scored = [(SequenceMatcher(None, mine, _words(line), autojunk=False).ratio(), line) for line in solutions]
    return sorted((one for one in scored if one[0] >= _LIKE), reverse=True)[:_LIKELY]


def _words(code: str) -> list[str]:
    """Tokens, as far as they can be read."""
    return list(_tokens(code)) or code.split()


def _tokens(code: str) -> Iterable[str]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.string.strip():
                yield token.string
    except (tokenize.TokenError, SyntaxError):
        return
