from collections.abc import AsyncIterator

from pydantic import TypeAdapter

from services.contracts.case import AuthorCase, CaseOutline, CaseSummary, LearnerCase
from services.contracts.clients.service import ServiceClient

_SUMMARIES = TypeAdapter(tuple[CaseSummary, ...])
_OUTLINES = TypeAdapter(tuple[CaseOutline, ...])


class CasesClient(ServiceClient):
    """`case_uploader`: published cases. What each caller may see is decided by its certificate."""

    name = "cases"

    async def published(self) -> tuple[CaseSummary, ...]:
        """The newest published version of every case, by title."""
        return _SUMMARIES.validate_json((await self._call("GET", "/cases")).content)

    async def outlines(self) -> tuple[CaseOutline, ...]:
        """As `published`, with the titles of the subtasks; for the Hub's page of a learner's progress."""
        return _OUTLINES.validate_json((await self._call("GET", "/outlines")).content)

    async def current(self, case: str) -> LearnerCase:
        """The newest published version of one case. 404 `case_not_found`."""
        return LearnerCase.model_validate_json((await self._call("GET", f"/cases/{case}")).content)

    async def learner(self, version: str) -> LearnerCase:
        """One version as learners may see it. 404 `case_version_not_found`."""
        return LearnerCase.model_validate_json((await self._call("GET", f"/versions/{version}/learner")).content)

    async def author(self, version: str) -> AuthorCase:
        """One version with its reference; refused to everyone but `feedback`. 404 `case_version_not_found`."""
        return AuthorCase.model_validate_json((await self._call("GET", f"/versions/{version}/author")).content)

    async def data(self, digest: str) -> AsyncIterator[bytes]:
        """Content of one data file, in parts. 404 `data_not_found`."""
        async with self._mapped(), self._http.stream("GET", f"/data/{digest}") as response:
            if response.is_error:
                await response.aread()
            self._raise_for(response)
            async for part in response.aiter_bytes():
                yield part
