import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule

DRAWING = frozenset(f"matplotlib.pyplot.{name}" for name in ("bar", "barh", "boxplot", "hist", "plot", "scatter"))
SAYING = frozenset(
    {"annotate", "axis", "colorbar", "gca", "gcf", "legend", "set", "set_title", "set_xlabel", "set_ylabel", "subplots"}
    | {"suptitle", "text", "title", "xlabel", "ylabel", "figtext", "supxlabel", "supylabel", "subplot"}
)
"""Functions and methods that say what is drawn, or hand the drawing to code that may."""
_START = "import matplotlib.pyplot as plt\n"


class PlotWithoutLabels(Rule):
    """A figure that does not say what it shows."""

    code = "DS027"
    name = "plot-without-labels"
    severity = "advice"
    why = (
        "A figure is looked at without its code, in a report or on a slide. Without names and units on its axes it "
        "shows a shape, and every reader another meaning."
    )
    url = "https://matplotlib.org/stable/users/explain/quick_start.html#labelling-plots"
    bad = (f"{_START}plt.scatter(x, y)\nplt.show()", f"{_START}plt.plot(x)\nplt.plot(y)\nplt.grid()")
    good = (
        f"{_START}plt.scatter(x, y)\nplt.xlabel('area in m²')\nplt.ylabel('price')",
        f"{_START}plt.plot(x)\nplt.title('Sales a day')",
        f"{_START}plt.plot(x)\nfinish(plt.gcf())",
        f"{_START}def draw(x):\n    plt.plot(x)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """The first drawing of each cell in which nothing names axes or title."""
        inside = facts.inside(ast.FunctionDef, ast.Lambda)
        drawn: dict[tuple[int, int], ast.Call] = {}
        for call in facts.calls:
            if facts.dotted(call.func) in DRAWING and call not in inside:
                cell = facts.cell_of(call)
                if cell not in drawn or call.lineno < drawn[cell].lineno:
                    drawn[cell] = call
        said = {facts.cell_of(call) for call in facts.calls if facts.name_of(call) in SAYING}
        for cell in drawn.keys() - said:
            yield Hit(drawn[cell], "Neither the axes nor the figure say what is shown")
