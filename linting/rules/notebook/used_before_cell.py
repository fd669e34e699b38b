from collections.abc import Iterator, Sequence

from linting.rules.notebook.names import ALWAYS_THERE, CellNames
from linting.rules.notebook.rule import NotebookRule
from linting.rules.rule import Hit


class UsedBeforeCell(NotebookRule):
    """A name that only a later cell defines."""

    code = "NB001"
    name = "used-before-its-cell"
    severity = "error"
    why = (
        "It works only while the kernel remembers an earlier visit to the cell below. Run from top to bottom, as "
        "everybody else will, the notebook stops here."
    )
    url = "https://docs.jupyter.org/en/latest/use/advanced/migrating.html"
    bad = (
        (("print(total)", None), ("total = 3", None)),
        (("rows = [shorten(name) for name in 'ab']", None), ("def shorten(name):\n    return name[:3]", None)),
        (("count += 1", None), ("count = 0", None)),
    )
    good = (
        (("total = 3", None), ("print(total)", None)),
        (("def show():\n    print(total)", None), ("total = 3\nshow()", None)),
        (("for total in 'ab':\n    print(total)", None), ("total = 3", None)),
        (("print(total)", None),),
        (("def make():\n    global total\n    total = 1\n\n\nmake()\nprint(total)", None), ("total = 3", None)),
        (("from numbers import *\nprint(total)", None), ("total = 3", None)),
        (("try:\n    total = 1\nexcept ValueError:\n    print(total)", None), ("total = 3", None)),
    )

    def check(self, cells: Sequence[CellNames], anywhere: frozenset[str]) -> Iterator[Hit]:
        """Names read at the top of a cell that no cell so far binds and a later one does."""
        last = {name: position for position, cell in enumerate(cells) for name in cell.binds}
        bound = set(ALWAYS_THERE | anywhere)
        for position, cell in enumerate(cells):
            for name, place in cell.reads.items():
                if name not in bound and last.get(name, position) > position:
                    yield Hit(place, f"`{name}` is used here, and only a later cell defines it")
            bound |= cell.binds
            if "*" in bound:
                return
