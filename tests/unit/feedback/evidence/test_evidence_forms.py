"""Forms of the reference that a learner's code is laid beside: nearer to it than the reference, and never run."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.evidence.structure.forms import likely_forms

REFERENCE = """
import math

def first_above(limit, values):
    for i in range(len(values)):
        if values[i] > limit:
            return i
    return -1

def all_above(limit, values):
    for value in values:
        if value <= limit:
            return False
    return True
"""
COUNTS_ALONG = """
def first_above({limit}, {values}):
    {i} = 0
    while {i} < len({values}):
        if {values}[{i}] >= {limit}:
            return {i}
        {i} += 1
    return -1
"""
NAMES = ("limit", "values", "i")


def written(**names: str) -> str:
    return COUNTS_ALONG.format(**({name: name for name in NAMES} | names))


def forms(mine: str, reference: str = REFERENCE) -> list[str]:
    return [answer["answer"] for answer in likely_forms({"answer": reference}, {"@1": mine})]


def test_a_form_is_as_the_learner_writes() -> None:
    found = forms(written())
    assert "while" in found[0]
    assert all("import math" in one for one in found)


@pytest.mark.parametrize("mine", [REFERENCE, "def other(x):\n    return x\n", "limit = 3\n", "def first_above(", ""])
def test_where_nothing_is_nearer_than_the_reference_there_is_no_form(mine: str) -> None:
    assert forms(mine) == []


@pytest.mark.parametrize("reference", ["", "def first_above(", "total = 3\n", "class first_above:\n    pass\n"])
def test_a_reference_without_functions_has_no_forms(reference: str) -> None:
    assert forms(written(), reference) == []


@given(st.lists(st.from_regex(r"[a-h]{1,4}z", fullmatch=True), min_size=3, max_size=3, unique=True))
def test_names_do_not_choose_the_form(names: list[str]) -> None:
    assert forms(written(**dict(zip(NAMES, names, strict=True)))) == forms(written())


@given(st.sampled_from([written(), REFERENCE.replace("values[i] > limit", "limit < values[i]"), REFERENCE[:120]]))
def test_each_form_defines_what_the_reference_does(mine: str) -> None:
    def defined(source: str) -> list[str]:
        return [node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]

    assert all(defined(one) == defined(REFERENCE) for one in forms(mine))
