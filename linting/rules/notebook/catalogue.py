from linting.rules.notebook.rule import NotebookRule
from linting.rules.notebook.run_out_of_order import RunOutOfOrder
from linting.rules.notebook.used_before_cell import UsedBeforeCell

NOTEBOOK_RULES: tuple[NotebookRule, ...] = (UsedBeforeCell(), RunOutOfOrder())
"""Every rule about the order of cells, by its code."""
