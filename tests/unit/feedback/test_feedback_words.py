"""The sentences: plain, short, each said once, and nothing in them that gives something away."""

import re
import tomllib
from importlib.resources import files
from typing import Any

import pytest

from feedback.evidence.difference import Difference
from feedback.findings.voice import code, one_line
from feedback.words.port import Draft
from feedback.words.rules import RuleWords
from feedback.words.sentences import said_exception, said_lost, said_result, said_value, small_example
from services.contracts.feedback import CheckResult, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.notebook import Place
from services.contracts.observation import CodeError, Lost

TABLE: dict[str, Any] = tomllib.loads(files("feedback.words").joinpath("sentences.toml").read_text("utf-8"))

MET = [
    ("NameError", "name 'prices' is not defined", "`prices`"),
    ("KeyError", "'Price'", "`'Price'`"),
    ("KeyError", "\"['a', 'b'] not in index\"", "columns"),
    ("IndexError", "list index out of range", "beyond the end"),
    ("ZeroDivisionError", "division by zero", "zero"),
    ("ModuleNotFoundError", "No module named 'torch'", "`torch`"),
    ("ValueError", "could not convert string to float: '1,5'", "text is taken for a number"),
    ("ValueError", "Found input variables with inconsistent numbers of samples: [3, 4]", "number of rows"),
    ("ValueError", "operands could not be broadcast together with shapes (3,) (4,)", "shapes"),
    ("ValueError", "The truth value of a Series is ambiguous.", "yes or no"),
    ("TypeError", "unsupported operand type(s) for +: 'int' and 'str'", "do not go together"),
    ("TypeError", "'list' object is not callable", "`list`"),
    ("TypeError", "f() missing 1 required positional argument: 'x'", "fewer values"),
    ("AttributeError", "'NoneType' object has no attribute 'head'", "None"),
    ("NotImplementedError", "", "still open"),
    ("SyntaxError", "'(' was never closed", "never closed"),
    ("IndentationError", "unexpected indent", "spaces"),
    ("SystemExit", "0", "ends the program"),
    ("FileNotFoundError", "[Errno 2] No such file", "does not exist"),
    ("MemoryError", "", "more memory"),
    ("RecursionError", "maximum recursion depth exceeded", "itself"),
    ("OSError", "[Errno 30] Read-only file system: '/somewhere'", "deleted"),
    ("BlockingIOError", "[Errno 11] Resource temporarily unavailable", "more processes"),
    ("RuntimeError", "can't start new thread", "more threads"),
]


@pytest.mark.parametrize(("kind", "message", "word"), MET)
def test_common_exceptions_have_words_of_their_own(kind: str, message: str, word: str) -> None:
    sentence = said_exception(CodeError(type=kind, message=message), quote=True)
    assert word in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize("kind", sorted({entry["type"] for entry in TABLE["exception"]} | {"Unheard"}))
def test_an_unquoted_exception_says_nothing_of_its_message(kind: str) -> None:
    for message in (
        "name 'secret' is not defined",
        "'secret'",
        "'secret' object has no attribute 'secret'",
        "No module named 'secret'",
    ):
        assert "secret" not in said_exception(CodeError(type=kind, message=message), quote=False)


def test_an_unknown_exception_is_quoted_on_one_line() -> None:
    said = said_exception(CodeError(type="Odd", message="a\n" * 500), quote=True)
    assert "\n" not in said
    assert len(said) < 250


def every_sentence() -> list[str]:
    groups = [TABLE[name].values() for name in ("run", "call", "value", "result")]
    return [*(entry["says"] for entry in TABLE["exception"]), *(s for group in groups for s in group)]


@pytest.mark.parametrize("sentence", every_sentence())
def test_no_sentence_blames_or_names_a_fix(sentence: str) -> None:
    assert not re.search(
        r"\b(wrong|mistake|you forgot|should have|must|fix|try |instead of writing|please)\b", sentence, re.I
    )
    assert sentence.endswith(".")


@pytest.mark.parametrize("aspect", sorted(TABLE["value"]))
def test_no_difference_says_a_number_of_the_reference(aspect: str) -> None:
    difference = Difference(aspect, "7 rows where the reference has 4711", "more")
    for said in (said_value("table", difference), said_value(None, difference), said_result("f", difference)):
        assert "4711" not in said
        assert "{" not in said


def test_every_reason_for_a_lost_run_has_words() -> None:
    for lost in ("time", "cpu", "memory", "ended", "output", "protocol"):
        assert said_lost(lost, whole=True) != said_lost(lost, whole=False)


@pytest.mark.parametrize("lost", ["time", "cpu", "memory", "ended", "output"])
def test_what_is_said_of_a_lost_run_fits_beside_a_line(lost: Lost) -> None:
    whole = said_lost(lost, whole=True)
    assert one_line(whole) == whole


@pytest.mark.parametrize("text", TABLE["example"].values())
def test_every_small_example_is_python_beneath_a_sentence(text: str) -> None:
    lines = text.strip().splitlines()
    assert lines[0].endswith(":") or lines[0].endswith(".") or "," in lines[0]
    assert any(line.startswith("    ") for line in lines)


def test_small_examples_fall_back_from_the_special_to_the_general() -> None:
    assert small_example("Unheard", None, "numbers") == small_example("numbers")
    assert small_example("nothing") is None


def test_code_in_a_sentence_cannot_break_out() -> None:
    assert code("a`b\n<script>") == "`a'b <script>`"
    assert len(one_line("word " * 100)) <= 120


def finding(number: int, message: str, line: int | None, end: int | None = None) -> Finding:
    evidence = (Evidence(kind="check", subject="check-1", fact="secret"),)
    place = Place(cell="a", line=line, end_line=end)
    return Finding(
        id=str(number),
        kind="check",
        severity="error",
        subtask="s",
        message=message,
        place=place,
        evidence=evidence,
        signature="s",
    )


async def write(*findings: Finding, verdict: Verdict = Verdict.NEEDS_WORK) -> Any:
    checks = (CheckResult(label="a", passed=False, hidden=False), CheckResult(label="b", passed=True, hidden=True))
    return await RuleWords().write(Draft(verdict, "learner", findings, checks))


async def test_warnings_are_short_and_remarks_have_no_place() -> None:
    worded = await write(finding(1, "long " * 80, 2, 90), finding(2, "Whole cell.", None))
    (warning,) = worded.warnings
    assert len(warning.message) <= 120
    assert warning.place.end_line - warning.place.line == 4
    assert worded.remarks == ("Whole cell.",)


async def test_nothing_is_said_twice() -> None:
    worded = await write(finding(1, "Same.", 1), finding(2, "Same.", 3), finding(3, "Same.", None))
    assert len(worded.warnings) + len(worded.remarks) == 1


async def test_headlines() -> None:
    assert (await write(finding(1, "x", 1))).headline == "1 of 2 checks does not hold yet."
    assert (await write(verdict=Verdict.APPROVED)).headline == "This step is right."
    assert "our side" in (await write(verdict=Verdict.COULD_NOT_JUDGE)).headline
