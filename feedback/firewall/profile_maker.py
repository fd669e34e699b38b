"""Count what is common in documentation: `python -m feedback.firewall.profile_maker SITE_PACKAGES`.

Reads the docstrings of the data libraries found there (their examples are code, the rest is prose) and the standard
library's own modules, and writes `common_code.tsv` and `common_words.tsv` beside this file: `count TAB mark [TAB mark
after it]`. A mark is counted once a docstring or function, so that no single one of them sets the tone. Only counts are
kept, no text.
"""

import ast
import re
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from feedback.firewall.normalise import plain
from feedback.firewall.tokens import code_view, lexemes, word_view
from services.kit.syntax import tree_of

LIBRARIES = ("numpy", "pandas", "sklearn", "scipy", "statsmodels", "matplotlib", "seaborn")
ALIASES = frozenset({"np", "pd", "plt", "sns", "sm", "stats"})
_EXAMPLE = re.compile(r"^\s*(?:>>>|\.\.\.) ?(.*)$", re.M)
_IMPORTED = re.compile(r"^\s*(?:from [\w.]+ )?import \(?([\w, ]+)", re.M)


class Counts:
    """Marks and pairs of marks, by the number of texts that hold them."""

    def __init__(self, single: int, pair: int) -> None:
        self.least = single, pair
        self.single: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()

    def add(self, marks: list[str]) -> None:
        """Count one text."""
        self.single.update(set(marks))
        self.pairs.update(set(pairwise(marks)))

    def lines(self) -> Iterator[str]:
        """The table's lines, most common first."""
        single = {mark: count for mark, count in self.single.items() if count >= self.least[0]}
        for mark, count in sorted(single.items(), key=lambda item: (-item[1], item[0])):
            yield f"{count}\t{mark}"
        for (one, two), count in sorted(self.pairs.items(), key=lambda item: (-item[1], item[0])):
            if count >= self.least[1] and one in single and two in single:
                yield f"{count}\t{one}\t{two}"


def docstrings(source: str) -> Iterator[str]:
    """Every docstring of a module."""
    try:
        tree = tree_of(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield text


def functions(source: str) -> Iterator[str]:
    """The text of every function of a module."""
    lines = source.splitlines()
    for node in ast.walk(tree_of(source)):
        if isinstance(node, ast.FunctionDef):
            yield "\n".join(lines[node.lineno - 1 : node.end_lineno])


def main(site_packages: Path) -> None:
    """Count and write."""
    code, words = Counts(3, 6), Counts(8, 40)
    library = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(library.glob("*.py")):
        source = path.read_text("utf-8", "replace")
        for function in functions(source):
            code.add(code_view(lexemes(function, comments=False)))
        for text in docstrings(source):
            words.add(word_view(plain(text)))
    for name in LIBRARIES:
        for path in sorted((site_packages / name).rglob("*.py")):
            for text in docstrings(path.read_text("utf-8", "replace")):
                example = "\n".join(_EXAMPLE.findall(text))
                if example:
                    names = {part.strip().lower() for part in ",".join(_IMPORTED.findall(example)).split(",")}
                    code.add(code_view(lexemes(example, frozenset(names) | ALIASES)))
                words.add(word_view(plain(text)))
    here = Path(__file__).parent
    (here / "common_code.tsv").write_text("\n".join(code.lines()) + "\n", "utf-8")
    (here / "common_words.tsv").write_text("\n".join(words.lines()) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
