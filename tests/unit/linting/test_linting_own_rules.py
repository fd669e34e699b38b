import ast

import pytest

from linting.review.module import join
from linting.rules import engine
from linting.rules.catalogue import RULES
from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule
from services.contracts.notebook import Cell


def hits(rule: Rule, source: str) -> list[Hit]:
    return list(rule.check(Facts(ast.parse(source))))


BAD = [pytest.param(rule, source, id=f"{rule.code}-bad-{n}") for rule in RULES for n, source in enumerate(rule.bad)]
GOOD = [pytest.param(rule, source, id=f"{rule.code}-good-{n}") for rule in RULES for n, source in enumerate(rule.good)]


@pytest.mark.parametrize(("rule", "source"), BAD)
def test_a_rule_finds_its_bad_example_once(rule: Rule, source: str) -> None:
    assert len(hits(rule, source)) == 1


@pytest.mark.parametrize(("rule", "source"), GOOD)
def test_a_rule_says_nothing_about_its_good_example(rule: Rule, source: str) -> None:
    assert hits(rule, source) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_no_rule_fires_on_the_good_examples_of_another(rule: Rule) -> None:
    # DS001 is right about the loop in two examples of DS002, which are about what the loop writes.
    others = [s for other in RULES if other.code not in (rule.code, "DS002") for s in other.good]
    assert [s for s in others if hits(rule, s)] == []


def test_codes_and_names_are_unique_and_in_order() -> None:
    assert [rule.code for rule in RULES] == [f"DS{n:03}" for n in range(1, len(RULES) + 1)]
    assert len({rule.name for rule in RULES}) == len(RULES)


KINDS = {
    "leakage before the split": ("DS004", "DS010"),
    "fitting on test data": ("DS005",),
    "scaling or encoding before splitting": ("DS004", "DS039"),
    "target in the features": ("DS011",),
    "shuffled time series": ("DS015",),
    "metric unfit for imbalance": ("DS016", "DS035"),
    "missing seed": ("DS006", "DS017", "DS018", "DS020", "DS021"),
    "chained indexing": ("DS003",),
    "iterating rows": ("DS001", "DS002", "DS042"),
    "in-place surprises": ("DS022", "DS023"),
    "wide except": ("DS026",),
    "unpinned randomness in models": ("DS019",),
    "plotting without labels": ("DS027",),
    "magic numbers in thresholds": ("DS028",),
    "unused splits": ("DS013", "DS014"),
    "data read with absolute paths": ("DS007",),
    "merging without keys": ("DS008",),
    "deprecated pandas and sklearn calls": ("DS030", "DS031", "DS032", "DS033"),
}
"""The kinds of mistakes that a review promises to know."""
FLOWING = ("DS004", "DS005", "DS009", "DS010", "DS011", "DS012", "DS037", "DS039", "DS040")
"""Leaks, which begin in one cell and do harm in another."""


def test_every_kind_of_mistake_has_its_rule() -> None:
    known = {rule.code for rule in RULES}
    assert {kind: codes for kind, codes in KINDS.items() if not known.issuperset(codes)} == {}
    assert len(known) >= 30


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_says_why_and_where_to_read_on(rule: Rule) -> None:
    assert len(rule.why) > 40
    assert rule.url.startswith("https://")


@pytest.mark.parametrize(
    ("rule", "source"),
    [pytest.param(r, s, id=f"{r.code}-{n}") for r in RULES if r.code in FLOWING for n, s in enumerate(r.bad)],
)
def test_a_leak_is_followed_from_cell_to_cell(rule: Rule, source: str) -> None:
    (whole,) = hits(rule, source)
    statements = ast.parse(source).body
    cells = [Cell(id=f"c{n}", source=ast.unparse(statement)) for n, statement in enumerate(statements)]
    module = join(cells)
    found = [
        hit
        for code, hit in engine.hits(ast.parse(module.source), [(a, b) for _, a, b in module.cells()], module.displays)
        if code == rule.code
    ]
    assert [ast.dump(hit.node) for hit in found] == [ast.dump(whole.node)]


def test_a_leak_is_reported_at_the_fit_not_at_the_split() -> None:
    source = (
        "from sklearn.preprocessing import StandardScaler\n"
        "from sklearn.model_selection import train_test_split\n"
        "scaled = StandardScaler().fit_transform(X)\n"
        "features = scaled[:, :3]\n"
        "train, test = train_test_split(features, random_state=1)\n"
    )
    (rule,) = (r for r in RULES if r.code == "DS004")
    assert [hit.node.lineno for hit in hits(rule, source)] == [3]


def test_a_name_that_is_not_always_a_table_is_not_taken_for_one() -> None:
    source = "import pandas as pd\nd = pd.DataFrame()\nd = {}\nd['a']['b'] = 1\n"
    (rule,) = (r for r in RULES if r.code == "DS003")
    assert hits(rule, source) == []
