import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, argument, literal
from linting.rules.rule import Hit, Rule


class WarningsSilenced(Rule):
    """All warnings, switched off for good."""

    code = "DS043"
    name = "warnings-silenced"
    severity = "advice"
    why = (
        "A model that did not converge, a metric that divided by zero, a call that will be gone next year: the "
        "libraries say so in warnings only. Silence the one that is understood, not all."
    )
    url = "https://docs.python.org/3/library/warnings.html#the-warnings-filter"
    bad = (
        "import warnings\nwarnings.filterwarnings('ignore')",
        "from warnings import simplefilter\nsimplefilter('ignore')",
    )
    good = (
        "import warnings\nwarnings.filterwarnings('ignore', category=FutureWarning)",
        "import warnings\nwith warnings.catch_warnings():\n    warnings.simplefilter('ignore')\n    fit()",
        "import warnings\nwarnings.filterwarnings('error')",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Filters without any category or text, outside of `with warnings.catch_warnings()`."""
        bounded = facts.inside(ast.With)
        for call in facts.calls_of("warnings.filterwarnings", "warnings.simplefilter"):
            only = len(call.args) + len(call.keywords) == 1
            if only and literal(argument(call, 0, "action")) == "ignore" and call not in bounded:
                yield Hit(call, "From here on no library can say that something is wrong")
