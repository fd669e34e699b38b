import ast
import types
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule


class SwallowedException(Rule):
    """Every possible error, silenced."""

    code = "DS026"
    name = "swallowed-exception"
    severity = "warning"
    why = (
        "A file that is missing, a column that changed its name, a typo: all of them end here without a word, and the "
        "analysis goes on with whatever was there before."
    )
    url = "https://docs.python.org/3/tutorial/errors.html#handling-exceptions"
    bad = (
        "try:\n    rows = load()\nexcept Exception:\n    pass",
        "for name in names:\n    try:\n        read(name)\n    except (ValueError, Exception):\n        continue",
        "try:\n    rows = load()\nexcept:\n    ...",
    )
    good = (
        "try:\n    rows = load()\nexcept FileNotFoundError:\n    pass",
        "try:\n    rows = load()\nexcept Exception:\n    rows = []",
        "try:\n    rows = load()\nexcept Exception as error:\n    log(error)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Handlers of all exceptions that do nothing."""
        for node in facts.of(ast.ExceptHandler):
            match node:
                case ast.ExceptHandler(type=kind, body=[only]) if _is_all(kind) and _is_nothing(only):
                    yield Hit(node, "Every error is caught here and none is dealt with")


def _is_all(kind: ast.expr | None) -> bool:
    match kind:
        case None | ast.Name(id="Exception" | "BaseException"):
            return True
        case ast.Tuple(elts=kinds):
            return any(_is_all(one) for one in kinds)
    return False


def _is_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Continue() | ast.Expr(value=ast.Constant(value=types.EllipsisType())):
            return True
    return False
