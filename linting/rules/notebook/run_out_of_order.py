from collections.abc import Iterator, Sequence

from linting.rules.notebook.names import CellNames
from linting.rules.notebook.rule import NotebookRule
from linting.rules.rule import Hit


class RunOutOfOrder(NotebookRule):
    """A result that is older than what it was computed from."""

    code = "NB002"
    name = "run-out-of-order"
    severity = "advice"
    why = (
        "What stands below this cell was computed from another state than the one the cells above describe. "
        "«Restart kernel and run all cells» shows what the notebook really says."
    )
    url = "https://docs.jupyter.org/en/latest/use/advanced/migrating.html"
    bad = (
        (("total = 3", 5), ("print(total)", 2)),
        (("total = 3", 1), ("total = total + 1", 7), ("print(total)", 2)),
    )
    good = (
        (("total = 3", 1), ("print(total)", 2)),
        (("total = 3", 5), ("print('ready')", 2)),
        (("total = 3", 5), ("print(total)", None)),
        (("total = 3", 5), ("total = 4\nprint(total)", 2)),
        (("total = 3", 5), ("total = 4", 1), ("print(total)", 2)),
    )

    def check(self, cells: Sequence[CellNames], anywhere: frozenset[str]) -> Iterator[Hit]:
        """The first name of each cell that was run before the cell above that binds it was run for the last time."""
        binder: dict[str, CellNames] = {}
        for cell in cells:
            for name, place in cell.reads.items():
                above = binder.get(name)
                if name not in anywhere and above is not None and _is_older(cell, above):
                    yield Hit(place, f"This cell ran before the cell above that sets `{name}` was run again")
                    break
            binder.update(dict.fromkeys(cell.binds, cell))


def _is_older(cell: CellNames, above: CellNames) -> bool:
    return cell.execution is not None and above.execution is not None and cell.execution < above.execution
