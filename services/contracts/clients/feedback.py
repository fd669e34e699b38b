from collections.abc import AsyncIterator

from pydantic import TypeAdapter

from services.contracts.clients.service import ServiceClient
from services.contracts.feedback import CheckEvent, CheckRequest, TrialRequest, TrialResult

_EVENT: TypeAdapter[CheckEvent] = TypeAdapter(CheckEvent)


class FeedbackClient(ServiceClient):
    """`feedback`: submission + case -> evidence -> verdict and words."""

    name = "feedback"

    async def check(self, request: CheckRequest, scope: str) -> AsyncIterator[CheckEvent]:
        """Judge; stages arrive as they begin and the last part is Judged."""
        async for line in self._lines("/checks", request.model_dump_json(), scope):
            yield _EVENT.validate_json(line)

    async def trial(self, request: TrialRequest) -> TrialResult:
        """Judge an author's own material; allowed to `case_uploader` only."""
        response = await self._call("POST", "/trials", content=request.model_dump_json())
        return TrialResult.model_validate_json(response.content)
