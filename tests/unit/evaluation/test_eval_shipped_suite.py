"""The suite that ships is what the shipped cases give today: it cannot go stale unnoticed."""

from collections import Counter
from pathlib import Path

import pytest

from case_uploader.format.case_folder import read_case_folder
from evaluation.settings import EvaluationSettings
from evaluation.suites.jsonl import read_suite, suite_of
from evaluation.suites.sample import Suite
from evaluation.suites.sources.authored import authored
from evaluation.suites.sources.mutants import planned
from services.contracts.case import AuthorCase

AGAIN = "caseloop eval suite build cases/*/ --out cases/sample-cases.jsonl makes it anew"


@pytest.fixture(scope="module")
def cases(project: Path) -> dict[str, AuthorCase]:
    found = {}
    for manifest in sorted((project / "cases").glob("*/case.yaml")):
        draft = read_case_folder(manifest.parent).draft
        assert draft is not None, f"{manifest.parent} cannot be read; `make setup` makes its data"
        found[draft.author.id] = draft.author
    return found


@pytest.fixture(scope="module")
def suite(project: Path, cases: dict[str, AuthorCase]) -> Suite:
    return suite_of(read_suite(project / "cases" / "sample-cases.jsonl"), cases)


def test_it_has_samples_of_every_sort_and_case(suite: Suite, cases: dict[str, AuthorCase]) -> None:
    assert len(suite.samples) >= 150
    assert {sample.case for sample in suite.samples} == set(cases)
    assert set(Counter(s.source for s in suite.samples)) == {"reference", "starter", "variant", "flaw", "mutant"}
    tags = {tag for sample in suite.samples for tag in sample.tags}
    assert {"two-faults", "in-variant"} <= tags
    assert all(sample.expected.known for sample in suite.samples)


def test_it_holds_exactly_what_authors_wrote(suite: Suite, cases: dict[str, AuthorCase]) -> None:
    written = [sample for case in cases.values() for sample in authored(case)]
    assert [s for s in suite.samples if s.source != "mutant"] == written, AGAIN


def test_each_small_fault_is_one_that_the_cases_still_give(suite: Suite, cases: dict[str, AuthorCase]) -> None:
    most = EvaluationSettings(_env_file=None).mutants
    made = {s.id: s for case in cases.values() for faulty in planned(case, most) for s in [faulty.sample(case)]}
    stale = [s.id for s in suite.samples if s.source == "mutant" and made.get(s.id) != s]
    assert stale == [], AGAIN
