"""What learners get of a case, as files to hand out or to look at."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from case_uploader.format.case_folder import CaseDraft


class LabNotStarted(Exception):
    """JupyterLab could not be started; the message says why."""


def write_learners_copy(draft: CaseDraft, folder: Path) -> Path:
    """Write the learner's notebook and the data into the folder; returns the notebook.

    Nothing of the reference or of a hidden test is in it.
    """
    notebook = folder / f"{draft.author.id}.ipynb"
    text = json.dumps(draft.learner.notebook, indent=1, ensure_ascii=False) + "\n"
    notebook.write_text(text, encoding="utf-8")
    for source in draft.data:
        target = folder / source.file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.path, target)
    return notebook


def open_in_lab(notebook: Path, python: Path, *, browser: bool) -> int:
    """Open the notebook in this environment's JupyterLab, until that is stopped; returns its exit status.

    Raises `LabNotStarted`.
    """
    command = [str(python), "-m", "jupyterlab", f"--ServerApp.root_dir={notebook.parent}"]
    command += [f"--LabApp.default_url=/lab/tree/{notebook.name}"]
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if os.geteuid() == 0 else []
    try:
        with subprocess.Popen(command, cwd=notebook.parent) as lab:
            while True:
                try:
                    return lab.wait()
                except KeyboardInterrupt:
                    # JupyterLab got it, too, and asks whether it is meant.
                    continue
    except OSError as error:
        raise LabNotStarted(f"{python} could not be started ({error.strerror}); run `make setup`") from error
