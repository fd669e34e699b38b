"""A tool's safe change of the module as edits of the cells, or nothing where that is not exactly possible."""

from collections.abc import Collection, Sequence

from linting.review.module import Module, Origin
from linting.review.problem import Edit, SafeFix
from services.contracts.lint import Fix, TextEdit


def cell_fix(module: Module, lines: Sequence[str], fix: SafeFix | None, editable: Collection[str]) -> Fix | None:
    """The fix in the cells' own lines and columns. `lines` are those of the module.

    None where it would touch a line that was masked or lie outside of the editable cells.
    """
    if fix is None:
        return None
    edits = [_cell_edit(module, lines, edit) for edit in fix.edits]
    known = [edit for edit in edits if edit is not None and edit.cell in editable]
    return Fix(title=fix.title, edits=tuple(known)) if known and len(known) == len(edits) else None


def _cell_edit(module: Module, lines: Sequence[str], edit: Edit) -> TextEdit | None:
    last = _last_line(module, lines, edit)
    touched = [module.origin(line) for line in range(edit.line, last.end_line + 1)]
    first = touched[0]
    if first is None or any(not _is_as_written(origin, first.cell) for origin in touched):
        return None
    if first.shift and "\n" in edit.text:
        return None
    return TextEdit(
        cell=first.cell,
        line=first.line,
        column=edit.column + first.shift,
        end_line=first.line + last.end_line - edit.line,
        end_column=last.end_column + (touched[-1].shift if touched[-1] is not None and last.end_column > 1 else 0),
        text=edit.text,
    )


def _last_line(module: Module, lines: Sequence[str], edit: Edit) -> Edit:
    """An edit up to the start of a line that is another cell's ends with the cell instead."""
    start, end = module.origin(edit.line), module.origin(edit.end_line)
    same_cell = start is not None and end is not None and start.cell == end.cell and start.line <= end.line
    if same_cell or edit.end_column != 1 or edit.end_line == edit.line:
        return edit
    before = edit.end_line - 1
    return Edit(edit.line, edit.column, before, len(lines[before - 1]) + 1, edit.text.removesuffix("\n"))


def _is_as_written(origin: Origin | None, cell: str) -> bool:
    return origin is not None and origin.cell == cell and not origin.masked
