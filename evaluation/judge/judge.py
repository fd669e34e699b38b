from collections import Counter
from collections.abc import Callable
from typing import Final

from evaluation.judge.asking import ask
from evaluation.judge.material import Item
from evaluation.judge.opinion import ORDERS, Exchange, Opinion, Order, majority
from evaluation.judge.prompting import Fence, first_request, second_request
from evaluation.judge.questions import Said
from feedback.model.port import ChatModel

_READABLE: Final = 0.5
"""Least share of the answers that must be readable for an opinion."""


class Judge:
    """Forms opinions about items: every question in both orders, each `repeats` times, first without the reference.

    Args:
        model: who judges, behind its slots, limits and breaker (`feedback.model.wiring.open_model`).
        repeats: how often each order is asked.
        new_fence: makes the channel of an item.
    """

    def __init__(self, model: ChatModel, *, repeats: int = 1, new_fence: Callable[[], Fence] = Fence) -> None:
        if repeats < 1:
            raise ValueError("a judge that is never asked has no opinion")
        self._model, self._repeats, self._new_fence = model, repeats, new_fence

    @property
    def repeats(self) -> int:
        """How often each order is asked."""
        return self._repeats

    @property
    def name(self) -> str:
        """Of the model."""
        return self._model.name

    async def opinion(self, item: Item) -> tuple[Opinion, tuple[Exchange, ...]]:
        """The opinion about an item, and all that was said for it."""
        fence = self._new_fence()
        blind: list[Exchange] = []
        informed: list[Exchange] = []
        for order in ORDERS:
            for repetition in range(self._repeats):
                request = first_request(item, order, repetition, fence)
                first = await ask(self._model, item, request, "blind", order, repetition)
                blind.append(first)
                # The commitment is written down before the reference is shown, and a second opinion never replaces it.
                if repetition == 0 and first.answer is not None and item.reference:
                    again = second_request(request, first.said, item, order, fence)
                    informed.append(await ask(self._model, item, again, "informed", order, repetition))
        return _opinion(item, blind, informed, self._repeats), (*blind, *informed)


def _opinion(item: Item, blind: list[Exchange], informed: list[Exchange], repeats: int) -> Opinion:
    answer = _settled(blind)
    by_order = {order: _settled([one for one in blind if one.order == order]) for order in ORDERS}
    agreeing = [one.reasons for one in blind if one.answer == answer and one.reasons]
    said = [one.reasons for one in blind if one.reasons]
    return Opinion(
        item=item.digest,
        sample=item.sample.id,
        question=item.question.id,
        subject=item.subject,
        answer=answer,
        informed=_settled(informed),
        by_order=by_order,
        repeats=repeats,
        repeated=any(len(_said(blind, order)) > 1 for order in ORDERS),
        wavered=any(len(set(_said(blind, order))) > 1 for order in ORDERS),
        asked=len(blind) + len(informed),
        outcomes=dict(Counter(one.outcome for one in (*blind, *informed))),
        reasons=next(iter((*agreeing, *said)), ""),
        characters=item.characters,
    )


def _settled(exchanges: list[Exchange]) -> Said | None:
    """What these answers say together; None where too few could be read, which is not the same as `cannot_tell`."""
    answers = [one.answer for one in exchanges if one.answer is not None]
    if not answers or len(answers) < _READABLE * len(exchanges):
        return None
    return majority(answers)


def _said(exchanges: list[Exchange], order: Order) -> list[Said]:
    """The answers to one request that could be read."""
    return [one.answer for one in exchanges if one.order == order and one.answer is not None]
