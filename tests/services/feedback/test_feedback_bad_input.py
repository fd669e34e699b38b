"""Odd programs in the real sandbox: never a crash, never a wrong approval, and the place where there is one."""

from typing import Any

import pytest

from services.contracts.feedback import Feedback, Verdict

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

GUARD = '    if percent > 100:\n        raise ValueError("more than everything")\n'

# answer, kind of the first finding, a word of its message, lines marked
BAD: dict[str, tuple[str, str, str, tuple[int, int] | None]] = {
    "a colon is missing": (
        f"def reduced(price, percent)\n{GUARD}    return price - price * percent / 100",
        "exception",
        "expected `:`",
        (1, 1),
    ),
    "a comma is missing": (
        f"def reduced(price, percent):\n{GUARD}    return round(price - price * percent / 100 9)",
        "exception",
        "comma",
        (4, 4),
    ),
    "a block is missing": (
        "def reduced(price, percent):\nreturn price - price * percent / 100",
        "exception",
        "function definition",
        (2, 2),
    ),
    "a quote is missing": ("def reduced(price, percent):\n    return 'x\n", "exception", "quote", (2, 2)),
    "never ends for one input": (
        f"def reduced(price, percent):\n{GUARD}    while percent == 25:\n        pass\n"
        "    return price - price * percent / 100",
        "check",
        "",
        (4, 4),
    ),
    "calls itself for ever": (
        "def reduced(price, percent):\n    return reduced(price, percent)",
        "check",
        "calls itself",
        (2, 2),
    ),
    "reads input": (
        "def reduced(price, percent):\n    percent = int(input())\n    return price - price * percent / 100",
        "check",
        "",
        (2, 2),
    ),
    "imports what is absent": (
        "from absent_tools import reduce\ndef reduced(price, percent):\n    return reduce(price, percent)",
        "exception",
        "`absent_tools`",
        (1, 1),
    ),
    "defined twice, the second wrong": (
        f"def reduced(price, percent):\n{GUARD}    return price - price * percent / 100\n\n"
        f"def reduced(price, percent):\n{GUARD}    return price - price * percent / 10",
        "check",
        "",
        (9, 9),
    ),
    "another name": (
        f"def reduce_price(price, percent):\n{GUARD}    return price - price * percent / 100",
        "missing",
        "`reduced`",
        (1, 1),
    ),
    "a generator": (
        f"def reduced(price, percent):\n{GUARD}    yield price - price * percent / 100",
        "check",
        "",
        (4, 4),
    ),
    "not a number": (
        f"def reduced(price, percent):\n{GUARD}    return price - price * percent / 100 * float('nan')",
        "check",
        "",
        (4, 4),
    ),
    "a huge integer": (f"def reduced(price, percent):\n{GUARD}    return 10 ** 20_000", "check", "", (4, 4)),
    "a global that is not there yet": (
        f"def reduced(price, percent):\n{GUARD}    return price - price * rate / 100",
        "check",
        "`rate`",
        (4, 4),
    ),
    "a global that the first call changes": (
        "rate = 1\ndef reduced(price, percent):\n    global rate\n    rate += 1\n"
        "    return price - price * percent / 100 * rate",
        "check",
        "",
        None,
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_it_is_refused_with_a_place(bench: Any, name: str) -> None:
    answer, kind, word, lines = BAD[name]
    feedback: Feedback = await bench.answers("reduced", reduced=answer)
    assert (feedback.verdict, feedback.fault) == (Verdict.NEEDS_WORK, "learner")
    first = feedback.findings[0]
    assert first.kind == kind, [e.fact for e in first.evidence]
    assert word in first.message
    assert first.place is not None
    assert first.place.cell == "reduced"
    if lines is not None:
        assert (first.place.line, first.place.end_line or first.place.line) == lines
    assert 0.5 <= first.confidence <= 1


RIGHT = {
    "defined twice, the second right": "def reduced(a, b):\n    return 0\n",
    "a global of its own": "hundred = 100\n",
    "another function beside it": "def helper():\n    yield float('nan')\n",
}


@pytest.mark.parametrize("name", RIGHT)
async def test_odd_but_right_work_is_approved(bench: Any, name: str) -> None:
    answer = f"{RIGHT[name]}def reduced(price, percent):\n{GUARD}    return price - price * percent / 100"
    assert (await bench.answers("reduced", reduced=answer)).verdict is Verdict.APPROVED


async def test_what_is_only_tried_decides_nothing(bench: Any) -> None:
    loops = f"def reduced(price, percent):\n{GUARD}    while (price, percent) == (0, 50):\n        pass\n"
    right = "    return price - price * percent / 100"
    assert (await bench.answers("reduced", reduced=loops + right)).verdict is Verdict.APPROVED
    feedback = await bench.answers("reduced", reduced=f"def reduced(price, percent):\n{GUARD}    return price - 1")
    assert "For `reduced(0, 50)` your code gives `-1`; the task asks for `0.0`." in feedback.findings[0].message


async def test_of_a_cell_that_does_not_parse_the_rest_is_evidence_too(bench: Any) -> None:
    broken = f"x = (1,\n\ndef reduced(price, percent):\n{GUARD}    return price - price * percent / 10"
    (first, *_) = (await bench.answers("reduced", reduced=broken)).findings
    assert (first.kind, first.place.line) == ("exception", 1)
    places = [e.place.line for e in first.evidence if e.kind == "structure"]
    assert 6 in places


async def test_a_function_that_changes_what_it_was_given_cannot_change_the_next_question(bench: Any) -> None:
    changing = (
        'table = pd.DataFrame({"name": names, "price": prices}).dropna().reset_index(drop=True)\n'
        'mean_price = table["price"].mean()\nnames.clear()\nprices.clear()'
    )
    assert (await bench.answers("shelf", shelf=changing)).verdict is Verdict.APPROVED
    feedback = await bench.answers("shelf", shelf=changing.replace(".mean()", ".sum()"))
    assert feedback.verdict is Verdict.NEEDS_WORK
    assert feedback.findings[0].place.line == 2


async def test_the_first_value_that_leads_to_the_wrong_result_is_told(bench: Any) -> None:
    wrong = (
        f"def reduced(price, percent):\n{GUARD}    off = 0\n    for part in (price, percent):\n        off = part * 2\n"
        "    return price - off"
    )
    (first, *_) = (await bench.answers("reduced", reduced=wrong)).findings
    (evidence,) = [e for e in first.evidence if e.kind == "input"]
    assert evidence.place is not None
    assert (evidence.place.cell, evidence.place.line) == ("reduced", 7)
    assert "first in line 7: gives" in evidence.fact
