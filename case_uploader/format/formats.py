"""Which format a folder has, and one reader for each: all lead to the same notebook and the same keys."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from case_uploader.format.author_notebook import (
    NOTEBOOK_FILE,
    AuthorNotebook,
    joined,
    read_author_notebook,
    read_json,
)
from case_uploader.format.manifest import MANIFEST_FILE, Manifest, SubtaskManifest, read_manifest
from case_uploader.format.otter import is_otter, read_otter_notebook
from case_uploader.format.problem import Problems
from case_uploader.format.profile import PROFILE_FILE, read_profile_bundle

FormatName = Literal["caseloop", "nbgrader", "otter", "profile"]


@dataclass(frozen=True)
class CaseSource:
    """What a folder says about the case, whatever its format."""

    format: FormatName
    manifest: Manifest | None
    notebook: AuthorNotebook | None

    @property
    def data_beside(self) -> bool:
        """Whether everything beside the notebook is data, too."""
        return self.format != "caseloop"


def format_of(folder: Path) -> FormatName:
    """The folder's format by its files alone; what fits nothing else is nbgrader's, as `caseloop` is asked for by name.

    - `caseloop`: there is a `case.yaml` or a `solution.ipynb`, and no profile
    - `profile`: there is a `profile.ipynb`
    - `otter`: its only notebook has raw cells or cells of Otter's (`# BEGIN QUESTION`, `# ASSIGNMENT CONFIG`)
    - `nbgrader`: all else
    """
    if (folder / PROFILE_FILE).exists():
        return "profile"
    path = _only_notebook(folder)
    if path is not None and is_otter(_cells_of(path)):
        return "otter"
    if (folder / NOTEBOOK_FILE).exists() or (folder / MANIFEST_FILE).exists():
        return "caseloop"
    return "nbgrader"


def _only_notebook(folder: Path) -> Path | None:
    usual = folder / NOTEBOOK_FILE
    if usual.exists():
        return usual
    found = _notebooks(folder)
    return found[0] if len(found) == 1 else None


def _notebooks(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.ipynb") if not path.name.startswith("."))


def _cells_of(path: Path) -> list[Any]:
    cells = (read_json(path, path.name, Problems()) or {}).get("cells")
    return cells if isinstance(cells, list) else []


def read_source(folder: Path, problems: Problems) -> CaseSource:
    """Read the folder by its format."""
    name = format_of(folder)
    manifest = read_manifest(folder, problems)
    match name:
        case "profile":
            bundle = read_profile_bundle(folder, problems)
            return CaseSource(name, _with(manifest, bundle.subtasks), bundle.notebook)
        case "otter":
            path = _only_notebook(folder)
            assert path is not None, "an Otter assignment is told by its notebook"
            return CaseSource(name, manifest, read_otter_notebook(path, path.name, problems))
        case "caseloop":
            notebook = read_author_notebook(folder / NOTEBOOK_FILE, NOTEBOOK_FILE, problems)
            return CaseSource(name, manifest, notebook)
        case "nbgrader":
            paths = _notebooks(folder)
            return CaseSource(name, manifest, _assignment(paths, problems))


def _with(manifest: Manifest | None, subtasks: tuple[SubtaskManifest, ...]) -> Manifest | None:
    """What `case.yaml` says about a subtask wins over what the bundle says."""
    if manifest is None:
        return None
    told = {entry.id for entry in manifest.subtasks}
    return manifest.model_copy(update={"subtasks": (*manifest.subtasks, *(s for s in subtasks if s.id not in told))})


def _assignment(paths: list[Path], problems: Problems) -> AuthorNotebook | None:
    """An nbgrader assignment: its notebooks together, in the order of their names."""
    if not paths:
        problems.add("notebook-missing", f"there is no {NOTEBOOK_FILE} in the case folder", file=NOTEBOOK_FILE)
        return None
    notebooks = [read_author_notebook(path, path.name, problems) for path in paths]
    read = [notebook for notebook in notebooks if notebook is not None]
    if len(read) < len(notebooks):
        return None
    if len(read) == 1:
        return read[0]
    plain = [n.file for n in read if all(cell.mark is None for cell in n.cells)]
    if plain:
        names = ", ".join(n.file for n in read)
        message = (
            f"there are several notebooks ({names}); a case has one: name it {NOTEBOOK_FILE}. Only an nbgrader "
            f"assignment may have more, and {', '.join(plain)} has no cell with nbgrader metadata"
        )
        problems.add("several-notebooks", message, file=NOTEBOOK_FILE)
        return None
    together = joined(read)
    problems.note("notebooks-joined", "the notebooks are one case, in this order, with one kernel", file=together.file)
    return together
