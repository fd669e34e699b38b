import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, has_unpacking, keyword
from linting.rules.rule import Hit, Rule

GIVES_NEW = frozenset(
    f"numpy.{name}"
    for name in (
        *("append", "clip", "concatenate", "delete", "flip", "hstack", "insert", "reshape", "roll", "sort"),
        *("stack", "transpose", "unique", "vstack", "where"),
    )
)


class NumpyResultThrownAway(Rule):
    """A function of NumPy called for an effect that it does not have."""

    code = "DS025"
    name = "numpy-result-thrown-away"
    severity = "error"
    why = "NumPy's functions give back a new array: unlike a list's methods they change nothing they were given."
    url = "https://numpy.org/doc/stable/reference/generated/numpy.append.html"
    bad = (
        "import numpy as np\nnp.append(values, 3)\nprint(values)",
        "import numpy as np\nfor row in rows:\n    np.concatenate([total, row])",
    )
    good = (
        "import numpy as np\nvalues = np.append(values, 3)",
        "import numpy as np\nnp.clip(values, 0, 1, out=values)\nprint(values)",
        "values.append(3)\nprint(values)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Such calls as a statement of their own that does not end its cell."""
        for node in facts.nodes:
            match node:
                case ast.Expr(value=ast.Call(func=func) as call) if (
                    name := facts.dotted(func)
                ) in GIVES_NEW and not facts.is_displayed(node):
                    if keyword(call, "out") is None and not has_unpacking(call):
                        yield Hit(call, f"The array that `{name.rpartition('.')[2]}` gives back is thrown away")
