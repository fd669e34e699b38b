from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from services.gateway.learner import Learner
from services.kit.tracing import Span, current_span, within

_KEPT: Final = 512
"""Checks; words are asked for within a second or two of one."""


class CheckTraces:
    """Spans of checks that were recorded a moment ago, so that a model's words for one are part of its trace.

    A Lab asks for the words in a request of its own. It can name a version of its learner, and no trace.
    """

    def __init__(self) -> None:
        self._spans: OrderedDict[tuple[str, str, str], Span] = OrderedDict()

    def keep(self, learner: Learner, submission: str) -> None:
        """Remember the current span as that of the learner's version."""
        span = current_span()
        if span is None or not span.trace_id:
            return
        self._spans[learner.user, learner.case, submission] = span
        while len(self._spans) > _KEPT:
            self._spans.popitem(last=False)

    @contextmanager
    def continued(self, learner: Learner, submission: str) -> Iterator[None]:
        """Make what the block does a part of the version's check, if that is remembered."""
        span, asked = self._spans.get((learner.user, learner.case, submission)), current_span()
        if span is not None and asked is not None:
            asked.links_to(span)
        with within(span):
            yield
