"""`variants/*.ipynb`: accepted alternatives to the reference."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from case_uploader.format.author_notebook import read_author_notebook
from case_uploader.format.problem import Problems
from case_uploader.format.split import SplitCell, split_cells

VARIANTS_FOLDER = "variants"
MAX_VARIANTS = 100


@dataclass(frozen=True)
class Variant:
    """One accepted alternative: answer cell id -> source, for every answer cell."""

    file: str
    answers: dict[str, str]


def read_variants(folder: Path, answers: Mapping[str, SplitCell], problems: Problems) -> tuple[Variant, ...]:
    """The variants by file name. `answers` maps each grade_id of an answer cell to its split reference."""
    top = folder / VARIANTS_FOLDER
    if not top.is_dir() or top.is_symlink():
        return ()
    paths = sorted(path for path in top.glob("*.ipynb") if not path.name.startswith("."))
    if len(paths) > MAX_VARIANTS:
        problems.add("too-many-variants", f"at most {MAX_VARIANTS} variants are taken", file=VARIANTS_FOLDER)
    read = (_read_variant(path, f"{VARIANTS_FOLDER}/{path.name}", answers, problems) for path in paths[:MAX_VARIANTS])
    return tuple(variant for variant in read if variant)


def _read_variant(path: Path, file: str, answers: Mapping[str, SplitCell], problems: Problems) -> Variant | None:
    found = Problems()
    notebook = read_author_notebook(path, file, found)
    if notebook is None:
        problems.extend(found)
        return None
    parts = {p.author.grade_id: p for p in split_cells(notebook, found) if p.author.role == "answer"}
    for problem in found.errors:
        # Only answer cells are taken: what is odd about the others does not matter here.
        if problem.cell is None or problem.cell in answers:
            problems.add(problem.rule, problem.message, file=file, cell=problem.cell)
    for grade_id in parts.keys() - answers.keys():
        message = f"the reference has no answer cell with the grade_id {grade_id!r}; it has: {', '.join(answers)}"
        problems.add("variant-unknown-cell", message, file=file, cell=grade_id)
    chosen = {part.author.id: parts.get(grade_id, part).reference or "" for grade_id, part in answers.items()}
    if all(chosen[part.author.id] == part.reference for part in answers.values()):
        problems.add("variant-same", "no answer cell differs from the reference's", file=file)
        return None
    return Variant(file, chosen)
