"""A case as the release folder of an nbgrader assignment: what `nbgrader generate_assignment` would hand out."""

from pathlib import Path

from case_uploader.format.case_folder import CaseDraft
from case_uploader.learners_copy import write_learners_copy


class CannotExport(Exception):
    """The folder cannot be written; the message says why."""


def export_release(draft: CaseDraft, into: Path) -> Path:
    """Write `<into>/release/<case>/` with the learner's notebook and the data, and return it. Raises `CannotExport`.

    The notebook keeps nbgrader's metadata, so `nbgrader` collects and autogrades what is handed in against a source of
    the same cells.
    """
    folder = into / "release" / draft.author.id
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise CannotExport(f"{folder} is there already; nothing was overwritten") from None
    write_learners_copy(draft, folder)
    return folder
