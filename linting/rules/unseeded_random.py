from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule
from linting.rules.seeds import seeds_all

DRAWS = frozenset(
    f"random.{name}"
    for name in ("betavariate", "choice", "choices", "gauss", "randint", "random", "randrange", "sample", "shuffle")
) | {"random.uniform", "random.normalvariate", "random.expovariate"}


class UnseededRandom(Rule):
    """Python's own dice, thrown anew on every run."""

    code = "DS021"
    name = "unseeded-random"
    severity = "warning"
    why = "An analysis that rolls other numbers after each restart cannot be repeated, and so not be believed."
    url = "https://docs.python.org/3/library/random.html#notes-on-reproducibility"
    bad = (
        "import random\nrandom.shuffle(rows)\ntrain = rows[:100]",
        "from random import sample\nrows = sample(rows, 9)",
    )
    good = (
        "import random\nrandom.seed(0)\nrandom.shuffle(rows)",
        "import random\nrng = random.Random(0)\nrng.shuffle(rows)",
        "import secrets\nname = secrets.choice(names)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """The first draw from the module `random` where nothing seeds it."""
        if any(True for _ in facts.calls_of("random.seed", "random.setstate")) or seeds_all(facts):
            return
        draws = (call for call in facts.calls if facts.dotted(call.func) in DRAWS)
        first = min(draws, key=lambda call: (call.lineno, call.col_offset), default=None)
        if first is not None:
            yield Hit(first, "Random numbers without `random.seed` are others on every run")
