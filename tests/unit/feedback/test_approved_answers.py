"""What is kept of answers that were approved: their plan, once, and nothing of who wrote them."""

import ast

import pytest

from feedback.approved import MOST, ApprovedAnswers, impersonal
from feedback.evidence.structure.nearest import likest
from services.contracts.case import AuthorCase
from tests.services.feedback.conftest import REDUCED, shop

ADAS = '''
def reduced(price, percent):
    """Ada's own, for Ms Hill."""
    adas_rest = 100 - percent  # as Ben said
    v0 = price * adas_rest
    return v0 / 100
'''
PLAIN = "def reduced(price, percent):\n    v1 = 100 - percent\n    v2 = price * v1\n    return v2 / 100"


class Kept:
    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self.data.get(key)

    async def put(self, key: str, data: bytes) -> None:
        self.data[key] = data


def open_case(**changes: object) -> AuthorCase:
    return shop(learn_from_approved=True, **changes)


async def kept(answers: ApprovedAnswers, case: AuthorCase) -> list[str]:
    return [one["reduced"] for one in await answers.of(case, case.subtasks[1])]


async def learn(answers: ApprovedAnswers, case: AuthorCase, source: str) -> None:
    await answers.learn(case, case.subtasks[1], {"reduced": source})


def test_names_remarks_and_docstrings_are_left_out() -> None:
    assert impersonal(ADAS) == PLAIN


def test_what_others_may_ask_for_keeps_its_name() -> None:
    source = "rates = {1: 2}\n\n\ndef reduced(price, percent):\n    return rates[price] * percent"
    assert ast.dump(ast.parse(impersonal(source))) == ast.dump(ast.parse(source))


@pytest.mark.parametrize("source", ["def f(:", "", "x = 1\x00", "(" * 5_000])
def test_what_cannot_be_read_stays_as_it_is(source: str) -> None:
    assert impersonal(source) == source


async def test_an_answer_is_kept_once_whatever_its_names_and_comes_back_later() -> None:
    cache, case = Kept(), open_case()
    answers = ApprovedAnswers(cache)
    for source in (ADAS, ADAS.replace("adas_rest", "bens_rest"), REDUCED, REDUCED.replace("more than", "above")):
        await learn(answers, case, source)
    # The reference is known already, but not the one with another message.
    assert len(await kept(answers, case)) == 2
    assert (await kept(ApprovedAnswers(cache), case))[0] == PLAIN
    assert not any(word in data for data in cache.data.values() for word in (b"Ada", b"adas", b"Ben"))


async def test_nothing_is_kept_where_the_author_does_not_allow_it() -> None:
    cache, closed = Kept(), shop()
    await learn(ApprovedAnswers(cache), closed, ADAS)
    assert cache.data == {}
    await learn(ApprovedAnswers(cache), open_case(), ADAS)
    assert await kept(ApprovedAnswers(cache), closed) == []


async def test_each_version_has_its_own() -> None:
    answers = ApprovedAnswers(Kept())
    await learn(answers, open_case(), ADAS)
    assert await kept(answers, open_case(version="b" * 64)) == []


async def test_there_are_never_more_than_so_many_and_none_that_is_too_long() -> None:
    answers, case = ApprovedAnswers(Kept()), open_case()
    await learn(answers, case, f"{ADAS}\nx = '{'y' * 10_000}'")
    assert await kept(answers, case) == []
    for number in range(MOST + 5):
        await learn(answers, case, f"def reduced(price, percent):\n    return price + {number}")
    assert len(await kept(answers, case)) == MOST


def test_the_likest_come_first() -> None:
    loop = {"a": "def f(x):\n    for y in x:\n        if y:\n            return y"}
    formula = {"a": "def f(x):\n    return sum(x) / len(x)"}
    mine = {"a": "def f(values):\n    for one in values:\n        return one"}
    assert likest([formula, loop], mine, 1) == (loop,)
