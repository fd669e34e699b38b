"""A case as the release folder of an nbgrader assignment: what `nbgrader generate_assignment` would hand out."""

import json
import shutil
from pathlib import Path

from case_uploader.format.case_folder import CaseDraft


class CannotExport(Exception):
    """The folder cannot be written; the message says why."""


def export_release(draft: CaseDraft, into: Path) -> Path:
    """Write `<into>/release/<case>/` with the learner's notebook and the data, and return it. Raises `CannotExport`.

    The notebook keeps nbgrader's metadata, so `nbgrader` collects and autogrades what is handed in against a source of
    the same cells. Nothing of the reference or a hidden test is in it.
    """
    folder = into / "release" / draft.author.id
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise CannotExport(f"{folder} is there already; nothing was overwritten") from None
    notebook = json.dumps(draft.learner.notebook, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{draft.author.id}.ipynb").write_text(notebook, encoding="utf-8")
    for source in draft.data:
        target = folder / source.file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.path, target)
    return folder
