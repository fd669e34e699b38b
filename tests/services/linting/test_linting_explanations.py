import re
from pathlib import Path

import pytest

from linting.explanations import document, ruff
from linting.explanations.catalogue import explain
from linting.explanations.document import Row, page, rows

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "rules.md"


def test_every_selected_rule_has_a_reason_a_name_and_an_address() -> None:
    every = list(rows())
    assert len(every) > 280
    assert [row for row in every if not _is_explained(row)] == []


def _is_explained(row: Row) -> bool:
    known = row.explanation
    return (
        30 <= len(known.why) <= 240
        and known.why.endswith(".")
        and re.fullmatch(r"[a-z0-9-]+", known.name) is not None
        and re.fullmatch(r"https://[\w./#-]+", known.url) is not None
    )


def test_the_selection_is_what_it_should_be() -> None:
    enabled = document.ruff_rules()
    assert {"F821", "F401", "B006", "E722", "PD002", "NPY002", "PLW0177", "SIM115"} <= enabled.keys()
    # False alarms in notebooks, or bandit's business.
    assert not {"E402", "T201", "D100", "E712", "S301", "F704", "PLE1142", "N806", "N803"} & enabled.keys()
    assert len(enabled) > 200


def test_no_explanation_is_left_over_from_a_rule_that_is_not_selected() -> None:
    enabled = document.ruff_rules().keys()
    assert ruff.RULES.keys() - enabled == set()
    unused = {f for f in ruff.FAMILIES if f != "invalid-syntax" and not any(code.startswith(f) for code in enabled)}
    assert unused == set()


def test_a_rule_that_is_not_selected_has_no_explanation() -> None:
    with pytest.raises(KeyError):
        explain("ruff", "ZZZ1")
    with pytest.raises(KeyError):
        explain("bandit", "B101", "assert_used")


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m linting.explanations.document docs/reference/rules.md"
    )
