import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, has_unpacking, keyword
from linting.rules.rule import Hit, Rule

GIVES_NEW = {
    **dict.fromkeys(("concatenate", "flip", "hstack", "sort", "stack", "transpose", "unique", "vstack"), 2),
    **dict.fromkeys(("append", "clip", "delete", "reshape", "roll", "where"), 3),
    "insert": 4,
}
"""Name -> number of positional arguments at most; one more is the array to write to."""


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
        "import numpy as np\nnp.clip(values, 0, 1, values)\nprint(values)",
        "import numpy as np\ntry:\n    np.sort(values)\nexcept TypeError:\n    print('mixed kinds')",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Such calls as a statement of their own that does not end its cell."""
        for node in facts.of(ast.Expr):
            match node:
                case ast.Expr(value=ast.Call() as call) if _is_new(call, facts) and not facts.is_displayed(node):
                    if not facts.is_guarded(node):
                        yield Hit(call, f"The array that `{facts.name_of(call)}` gives back is thrown away")


def _is_new(call: ast.Call, facts: Facts) -> bool:
    package, _, name = facts.dotted(call.func).rpartition(".")
    takes = GIVES_NEW.get(name, 0) if package == "numpy" else 0
    return len(call.args) <= takes and not has_unpacking(call) and takes > 0 and keyword(call, "out") is None
