from pydantic import TypeAdapter

from services.contracts.clients.service import ServiceClient
from services.contracts.feedback import Feedback
from services.contracts.progress import (
    CaseProgress,
    CaseStanding,
    Conclude,
    Recorded,
    Reviewed,
    SavedNotebook,
    SavedSummary,
    Submit,
    SubtaskProgress,
    Version,
    VersionSummary,
)
from services.contracts.words import Reword

_VERSIONS = TypeAdapter(tuple[VersionSummary, ...])
_SAVES = TypeAdapter(tuple[SavedSummary, ...])
_STANDINGS = TypeAdapter(tuple[CaseStanding, ...])


class ProgressClient(ServiceClient):
    """`services.progress`: attempts, states, quotas, saved notebooks. `scope` is the scope token of the learner."""

    name = "progress"

    async def submit(self, submit: Submit, scope: str) -> Recorded:
        """Record a submission, idempotent by digest. 429 `quota_spent`."""
        return Recorded.model_validate_json(
            (await self._call("POST", "/submissions", content=submit.model_dump_json(), scope=scope)).content
        )

    async def conclude(self, conclude: Conclude, scope: str) -> SubtaskProgress:
        """Store a submission's feedback and move the subtask's state; idempotent."""
        return SubtaskProgress.model_validate_json(
            (await self._call("POST", "/conclusions", content=conclude.model_dump_json(), scope=scope)).content
        )

    async def reword(self, reword: Reword, scope: str) -> Feedback:
        """Keep a model's words with a judged submission; returns its feedback as it is kept now.

        The first words of a model stay. 404 `submission_not_found`, 409 `not_reworded`, 422 `words_out_of_place`.
        """
        return Feedback.model_validate_json(
            (await self._call("POST", "/rewordings", content=reword.model_dump_json(), scope=scope)).content
        )

    async def reviewed(self, reviewed: Reviewed, scope: str) -> SubtaskProgress:
        """Store a style review; may move approved -> polished. 409 `not_approved`."""
        return SubtaskProgress.model_validate_json(
            (await self._call("POST", "/reviews", content=reviewed.model_dump_json(), scope=scope)).content
        )

    async def progress(self, scope: str) -> CaseProgress:
        """Where the learner stands in the case."""
        return CaseProgress.model_validate_json((await self._call("GET", "/progress", scope=scope)).content)

    async def history(
        self, scope: str, subtask: str | None = None, *, before: str | None = None, limit: int | None = None
    ) -> tuple[VersionSummary, ...]:
        """Checked versions, newest first: the newest 200, or `limit` (at most 500) older than the one `before`."""
        asked = {"subtask": subtask, "before": before, "limit": None if limit is None else str(limit)}
        params = {name: value for name, value in asked.items() if value is not None}
        return _VERSIONS.validate_json((await self._call("GET", "/history", scope=scope, params=params)).content)

    async def version(self, submission: str, scope: str) -> Version:
        """One checked version of the learner's own. 404 `submission_not_found`."""
        return Version.model_validate_json((await self._call("GET", f"/history/{submission}", scope=scope)).content)

    async def save_notebook(self, notebook: SavedNotebook, scope: str) -> SavedSummary:
        """Keep this state of the notebook; the same digest twice in a row is kept once."""
        return SavedSummary.model_validate_json(
            (await self._call("PUT", "/notebook", content=notebook.model_dump_json(), scope=scope)).content
        )

    async def saved_notebooks(self, scope: str) -> tuple[SavedSummary, ...]:
        """All saved states, newest first."""
        return _SAVES.validate_json((await self._call("GET", "/notebook/versions", scope=scope)).content)

    async def saved_notebook(self, digest: str, scope: str) -> SavedNotebook:
        """One saved state. 404 `notebook_not_found`."""
        return SavedNotebook.model_validate_json(
            (await self._call("GET", f"/notebook/versions/{digest}", scope=scope)).content
        )

    async def keep_for(self, user: str, case: str, notebook: SavedNotebook) -> SavedSummary:
        """As `save_notebook`, for the Hub's spawner, which speaks for every learner's environment."""
        return SavedSummary.model_validate_json(
            (
                await self._call("PUT", f"/users/{user}/cases/{case}/notebook", content=notebook.model_dump_json())
            ).content
        )

    async def newest_for(self, user: str, case: str) -> SavedNotebook | None:
        """The newest saved notebook of a learner's case, or None; for the Hub's spawner."""
        response = await self._call("GET", f"/users/{user}/cases/{case}/notebook")
        return SavedNotebook.model_validate_json(response.content) if response.status_code == 200 else None

    async def standing_of(self, user: str) -> tuple[CaseStanding, ...]:
        """Where a learner stands in every case they touched; for the Hub's page of cases."""
        return _STANDINGS.validate_json((await self._call("GET", f"/users/{user}/standing")).content)
