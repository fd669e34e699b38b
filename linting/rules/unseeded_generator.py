from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule


class UnseededGenerator(Rule):
    """A random generator that starts somewhere else on every run."""

    code = "DS017"
    name = "unseeded-generator"
    severity = "warning"
    why = (
        "Nobody, the author included, can get these numbers a second time, so no result that rests on them can be "
        "checked or compared."
    )
    url = "https://numpy.org/doc/stable/reference/random/generator.html"
    bad = (
        "import numpy as np\nrng = np.random.default_rng()",
        "from numpy.random import RandomState\nrng = RandomState()",
    )
    good = (
        "import numpy as np\nrng = np.random.default_rng(0)",
        "import numpy as np\nrng = np.random.default_rng(seed=SEED)",
        "import numpy as np\nrng = np.random.default_rng(*seeds)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """`default_rng()` and `RandomState()` without any argument."""
        for call in facts.calls_of("numpy.random.default_rng", "numpy.random.RandomState"):
            if not call.args and not call.keywords:
                yield Hit(call, "A generator without a seed gives other numbers on every run")
