"""The reference of the format is complete: every rule and every key stands in it."""

import ast
import re
from pathlib import Path

import pytest

from case_uploader.format.flaws import Edit, FlawEntry
from case_uploader.format.manifest import CiManifest, EquivalentMutant, Manifest, SubtaskManifest
from services.contracts.case import CallProbe, Compare
from services.contracts.limits import Limits

_KEBAB = re.compile(r"[a-z]+(-[a-z0-9]+)+")
_NO_RULES = {"utf-8", "utf-8-sig", "best-day", "total-revenue"}
_ONE_WORD = {"autotest", "kernel", "magic", "marker", "nbformat", "points"}
_MADE = {"answer-outside-subtask", "check-outside-subtask"}


@pytest.fixture
def reference(project: Path) -> str:
    return (project / "docs" / "reference" / "case-format.md").read_text()


def test_every_rule_is_explained(project, reference):
    package = project / "case_uploader"
    sources = [*(package / "format").glob("*.py"), package / "trials.py", package / "ci" / "report.py"]
    words = {
        node.value
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    rules = {word for word in words if _KEBAB.fullmatch(word)} - _NO_RULES
    assert len(rules) > 50
    assert words >= _ONE_WORD
    explained = set(re.findall(r"`([a-z0-9-]+)`", reference[reference.index("## Rules") :]))
    assert (rules | _ONE_WORD | _MADE) - explained == set()
    # And nothing is explained that no longer exists.
    assert {word for word in explained if _KEBAB.fullmatch(word)} - rules - _MADE == set()


def test_every_operator_is_explained(project):
    page = (project / "docs" / "reference" / "case-ci.md").read_text()
    sources = [project / "case_uploader" / "ci" / name for name in ("general.py", "learning.py")]
    words = {
        node.value
        for path in sources
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    operators = {word for word in words if _KEBAB.fullmatch(word)} | {"leakage"}
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == operators


@pytest.mark.parametrize(
    "model", [Manifest, SubtaskManifest, CiManifest, EquivalentMutant, Compare, CallProbe, Limits, FlawEntry, Edit]
)
def test_every_key_is_explained(reference, model):
    assert [name for name in model.model_fields if f"`{name}`" not in reference] == []
