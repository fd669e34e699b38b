"""The pipeline of a running `feedback`, asked over its own client."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from evaluation.contamination import held_out
from evaluation.pipeline import CannotAnswer
from evaluation.runs.result import Answer
from evaluation.suites.sample import Sample
from services.contracts.case import AuthorCase
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import TrialRequest


@dataclass(frozen=True)
class RunningFeedback:
    """A service that can be asked."""

    client: FeedbackClient
    since: datetime
    """When it began to listen."""


class Served:
    """The pipeline that learners meet, where they meet it. Its words are the rules': a model's are a learner's choice.

    Args:
        cases: by id, in the versions that the service can get.
        service: who is asked.
    """

    def __init__(self, cases: Mapping[str, AuthorCase], service: RunningFeedback) -> None:
        self._cases, self._service = cases, service

    @property
    def made_of(self) -> dict[str, str]:
        """The versions of the cases, and since when the service runs: another start may be of another pipeline."""
        versions = {f"case {name}": case.version for name, case in sorted(self._cases.items())}
        return {"service": f"feedback, running since {self._service.since.isoformat()}", "model": "none", **versions}

    async def answer(self, sample: Sample) -> Answer:
        """What the service judges. Raises CannotAnswer, also where it is away or does not know the case's version."""
        case = self._cases.get(sample.case)
        if case is None:
            raise CannotAnswer(f"the case {sample.case!r} is not open")
        started = time.perf_counter()
        request = TrialRequest(version=case.version, cells=sample.cells, subtasks=(sample.subtask,))
        try:
            result = await self._service.client.trial(request)
        except ServiceError as error:
            raise CannotAnswer(f"{error.service} answered {error.status} ({error.error}): {error.detail}") from error
        wall_ms = (time.perf_counter() - started) * 1000
        return Answer(feedback=held_out(result.feedback[sample.subtask], sample), wall_ms=round(wall_ms, 3))
