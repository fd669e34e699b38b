import pytest

from services.runner.sandbox.shell import Shell, UsageError, body_of_cell_magic


def test_a_timing_cell_magic_keeps_its_body_and_its_line_numbers() -> None:
    assert body_of_cell_magic("\n%%time\nx = 1\n1 / 0") == "\n#\nx = 1\n1 / 0"


def test_a_cell_that_is_only_shown_has_no_body() -> None:
    assert body_of_cell_magic("%%html\n<b>hi</b>") == ""


@pytest.mark.parametrize("source", ["x = 1", "", "\n\n", "s = '%%bash'", "x %%2"])
def test_other_cells_stay_as_they_are(source: str) -> None:
    assert body_of_cell_magic(source) == source


@pytest.mark.parametrize("name", ["bash", "writefile x.py", "script python", "run", ""])
def test_cell_magics_that_reach_outside_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not run"):
        body_of_cell_magic(f"%%{name}\nx")


def test_a_timed_statement_runs_in_the_notebooks_namespace() -> None:
    namespace: dict[str, object] = {}
    Shell(namespace).run_line_magic("time", "x = 2")
    assert namespace["x"] == 2


@pytest.mark.parametrize("name", ["cd", "env", "pip", "run", "system", "sx"])
def test_line_magics_that_reach_outside_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        Shell({}).run_line_magic(name, "x")


def test_harmless_line_magics_do_nothing() -> None:
    assert Shell({}).run_line_magic("matplotlib", "inline") is None
