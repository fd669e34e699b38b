"""Write a new case folder that an author can change step by step."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from case_uploader import template
from case_uploader.format.manifest import slug_of


class CannotScaffold(Exception):
    """A new case cannot be written there; the message says why."""


def scaffold(parent: Path, name: str) -> Path:
    """Write the folder `<parent>/<id made from name>` and return it. Raises `CannotScaffold`; overwrites nothing."""
    case_id = slug_of(name)
    if case_id is None:
        raise CannotScaffold(f"{name!r} cannot be made an id: use letters and digits")
    folder = parent / case_id
    title = name if name != case_id else name.replace("-", " ").capitalize()
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise CannotScaffold(f"{folder} is there already; choose another name") from None
    for file, text in _files(case_id, title).items():
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _files(case_id: str, title: str) -> dict[str, str]:
    solution = (template.TOTAL_ANSWER, template.BEST_ANSWER)
    variant = (template.TOTAL_VARIANT, template.BEST_VARIANT)
    # JSON strings are YAML strings: a title with a colon or quotes stays one.
    quoted = json.dumps(title, ensure_ascii=False)
    return {
        "case.yaml": template.CASE_YAML.format(id=case_id, title=quoted),
        "flaws.yaml": template.FLAWS_YAML,
        "requirements.txt": template.REQUIREMENTS,
        "data/sales.csv": template.SALES_CSV,
        "solution.ipynb": _notebook(title, solution),
        "variants/with-loops.ipynb": _notebook(title, variant),
    }


def _notebook(title: str, answers: tuple[str, str]) -> str:
    total, best = answers
    cells = [
        _text("introduction", template.INTRODUCTION.format(title=title)),
        _text("total-revenue-text", template.TOTAL_TEXT, "total-revenue"),
        _answer("total-revenue-answer", total),
        _check("total-revenue-check", template.TOTAL_CHECK, 2),
        _text("best-day-text", template.BEST_TEXT, "best-day"),
        _answer("best-day-answer", best),
        _check("best-day-check", template.BEST_CHECK, 2),
    ]
    return notebook_json(cells)


def notebook_json(cells: Sequence[dict[str, Any]]) -> str:
    """A notebook file (nbformat 4.5) of these cells."""
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    content = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _text(cell_id: str, source: str, subtask: str | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"caseloop": {"subtask": subtask}} if subtask else {}
    return {"cell_type": "markdown", "id": cell_id, "metadata": metadata, "source": source.splitlines(keepends=True)}


def _answer(grade_id: str, source: str) -> dict[str, Any]:
    return _code(grade_id, source, {"grade": False, "solution": True, "locked": False})


def _check(grade_id: str, source: str, points: int) -> dict[str, Any]:
    return _code(grade_id, source, {"grade": True, "solution": False, "locked": True, "points": points})


def _code(grade_id: str, source: str, marks: dict[str, Any]) -> dict[str, Any]:
    nbgrader = {"schema_version": 3, "grade_id": grade_id, "task": False, "cell_type": "code", **marks}
    return {
        "cell_type": "code",
        "id": grade_id,
        "metadata": {"nbgrader": nbgrader},
        "execution_count": None,
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }
