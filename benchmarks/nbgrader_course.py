"""nbgrader, in an environment of its own, on the same case: its own course folder, its own command."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from benchmarks.case_at_hand import CASE, CaseAtHand
from infra import set_up
from infra.settings import PROJECT


class NbgraderCourse:
    """A course with one assignment made from the case's author notebook."""

    def __init__(self, root: Path, case: CaseAtHand) -> None:
        self._root, self._case = root, case
        self._env = set_up.NBGRADER

    def prepare(self) -> None:
        """Install nbgrader (once), make the assignment."""
        set_up.STATE.mkdir(parents=True, exist_ok=True)
        if not (self._env / "bin" / "nbgrader").exists():
            set_up.make_environment(self._env, "nbgrader")
        source = self._root / "source" / CASE
        source.mkdir(parents=True)
        shutil.copy(PROJECT / "cases" / CASE / "solution.ipynb", source / "notebook.ipynb")
        shutil.copytree(PROJECT / "cases" / CASE / "data", source / "data")
        self._nbgrader("generate_assignment", CASE, "--create")

    def hand_in(self, student: str) -> None:
        """A submission of the solved notebook."""
        folder = self._root / "submitted" / student / CASE
        shutil.copytree(self._root / "release" / CASE, folder)
        self._case.write_notebook(folder / "notebook.ipynb", student)

    def autograde(self, students: list[str] | None = None) -> float:
        """Seconds of one `nbgrader autograde` over these students, or over all."""
        chosen = [f"--student={student}" for student in students or ()]
        start = time.perf_counter()
        self._nbgrader("autograde", CASE, "--force", *chosen)
        return time.perf_counter() - start

    def points(self, student: str) -> float:
        """What nbgrader gave: the comparison counts only if it graded."""
        code = (
            "from nbgrader.api import Gradebook\n"
            "with Gradebook('sqlite:///gradebook.db') as book:\n"
            f"    print(book.find_submission({CASE!r}, {student!r}).score)"
        )
        done = subprocess.run(
            [self._env / "bin" / "python", "-c", code], cwd=self._root, capture_output=True, text=True, check=True
        )
        return float(done.stdout)

    def _nbgrader(self, *arguments: str) -> None:
        command = [str(self._env / "bin" / "python"), "-m", "nbgrader", *arguments]
        # nbgrader starts alembic and its kernel by name
        variables = {**os.environ, "PATH": f"{self._env / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(command, cwd=self._root, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"nbgrader {arguments[0]} failed:\n{done.stderr[-3000:]}")
