import ast

import pytest

from linting.rules.catalogue import RULES
from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule


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
