from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from pydantic import TypeAdapter

from services.contracts.classroom import ClassView, LearnersWork
from services.contracts.clients.service import ServiceClient
from services.contracts.feedback import Feedback
from services.contracts.measures import WeekCount, period_query
from services.contracts.progress import (
    CaseProgress,
    CaseStanding,
    Conclude,
    OwnSubtask,
    Recorded,
    Reviewed,
    SavedNotebook,
    SavedSummary,
    Submit,
    SubtaskProgress,
    Version,
    VersionSummary,
)
from services.contracts.session import (
    EventBatch,
    EventsKept,
    Recording,
    RecordingChoice,
    SessionPart,
    SessionSummary,
)
from services.contracts.style import Dismiss, Dismissal, StyleKept, StyleStanding
from services.contracts.words import Reword

_VERSIONS = TypeAdapter(tuple[VersionSummary, ...])
_SAVES = TypeAdapter(tuple[SavedSummary, ...])
_STANDINGS = TypeAdapter(tuple[CaseStanding, ...])
_OWN = TypeAdapter(tuple[OwnSubtask, ...])
_WEEKS = TypeAdapter(tuple[WeekCount, ...])
_DISMISSALS = TypeAdapter(tuple[Dismissal, ...])
_SESSIONS = TypeAdapter(tuple[SessionSummary, ...])
_COUNTS = TypeAdapter(dict[str, int])


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

    async def reviewed(self, reviewed: Reviewed, scope: str) -> StyleKept:
        """Keep a style review; may move approved -> polished. 409 `not_approved`."""
        return StyleKept.model_validate_json(
            (await self._call("POST", "/reviews", content=reviewed.model_dump_json(), scope=scope)).content
        )

    async def dismiss(self, dismiss: Dismiss, scope: str) -> StyleStanding:
        """Leave a remark of the newest review as it is; idempotent; may move approved -> polished.

        404 `finding_not_found`, 409 `not_approved`, 429 `dismissals_full`.
        """
        return StyleStanding.model_validate_json(
            (await self._call("POST", "/dismissals", content=dismiss.model_dump_json(), scope=scope)).content
        )

    async def take_back(self, subtask: str, finding: str, scope: str) -> StyleStanding:
        """Take a dismissal back; idempotent. 409 `not_approved`."""
        path = f"/dismissals/{quote(finding, safe='')}"
        response = await self._call("DELETE", path, scope=scope, params={"subtask": subtask})
        return StyleStanding.model_validate_json(response.content)

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
            (await self._call("PUT", f"{_learner(user, case)}/notebook", content=notebook.model_dump_json())).content
        )

    async def newest_for(self, user: str, case: str) -> SavedNotebook | None:
        """The newest saved notebook of a learner's case, or None; for the Hub's spawner."""
        response = await self._call("GET", f"{_learner(user, case)}/notebook")
        return SavedNotebook.model_validate_json(response.content) if response.status_code == 200 else None

    async def standing_of(self, user: str) -> tuple[CaseStanding, ...]:
        """Where a learner stands in every case they touched; for the Hub's page of cases."""
        return _STANDINGS.validate_json((await self._call("GET", f"/users/{quote(user, safe='')}/standing")).content)

    async def subtasks_of(self, user: str) -> tuple[OwnSubtask, ...]:
        """Every subtask that a learner has checked, in all cases; for the Hub's page of a learner's own progress."""
        return _OWN.validate_json((await self._call("GET", f"/users/{quote(user, safe='')}/subtasks")).content)

    async def record(self, batch: EventBatch, scope: str) -> EventsKept:
        """Keep events of the learner's session; those that are kept already change nothing.

        409 `recording_not_chosen`, 410 `session_deleted` (begin a new one), 413 `event_too_large`, 422
        `event_invalid`, 429 `recording_full`: none of them is worth sending the same batch again.
        """
        return EventsKept.model_validate_json(
            (await self._call("POST", "/events", content=batch.model_dump_json(), scope=scope)).content
        )

    async def recording(self, scope: str) -> Recording:
        """Where the learner stands with recording in this case."""
        return Recording.model_validate_json((await self._call("GET", "/recording", scope=scope)).content)

    async def choose_recording(self, choice: RecordingChoice, scope: str) -> Recording:
        """Keep the learner's consent, or its end; every change is kept."""
        return Recording.model_validate_json(
            (await self._call("POST", "/recording", content=choice.model_dump_json(), scope=scope)).content
        )

    async def own_sessions(self, scope: str) -> tuple[SessionSummary, ...]:
        """The learner's recorded sessions of this case, newest first."""
        return _SESSIONS.validate_json((await self._call("GET", "/sessions", scope=scope)).content)

    async def export_sessions(self, scope: str) -> AsyncIterator[str]:
        """All that is kept of the learner's sessions of this case: the lines of one JSON document, as they come."""
        async for line in self._lines("/sessions/export", None, scope, method="GET"):
            yield line

    async def delete_sessions(self, scope: str) -> Recording:
        """Delete all recorded sessions of the learner in this case, on the disk too."""
        return Recording.model_validate_json((await self._call("DELETE", "/sessions", scope=scope)).content)

    async def sessions_of(self, user: str, case: str, scope: str) -> tuple[SessionSummary, ...]:
        """A learner's recorded sessions, newest first, for a mentor. Like all that follow: 403 `not_a_mentor`."""
        return _SESSIONS.validate_json(
            (await self._call("GET", f"{_learner(user, case)}/sessions", scope=scope)).content
        )

    async def session_of(self, user: str, case: str, session: str, scope: str, start: int = 0) -> SessionPart:
        """Part of a recorded session from the sequence number `start` on, for a mentor. 404 `session_not_found`."""
        path = f"{_learner(user, case)}/sessions/{quote(session, safe='')}"
        response = await self._call("GET", path, scope=scope, params={"from": str(start)})
        return SessionPart.model_validate_json(response.content)

    async def history_of(
        self,
        user: str,
        case: str,
        scope: str,
        subtask: str | None = None,
        *,
        before: str | None = None,
        limit: int | None = None,
    ) -> tuple[VersionSummary, ...]:
        """As `history`, of a learner, for a mentor."""
        asked = {"subtask": subtask, "before": before, "limit": None if limit is None else str(limit)}
        params = {name: value for name, value in asked.items() if value is not None}
        path = f"{_learner(user, case)}/history"
        return _VERSIONS.validate_json((await self._call("GET", path, scope=scope, params=params)).content)

    async def version_of(self, user: str, case: str, submission: str, scope: str) -> Version:
        """As `version`, of a learner, for a mentor. 404 `submission_not_found`."""
        path = f"{_learner(user, case)}/history/{quote(submission, safe='')}"
        return Version.model_validate_json((await self._call("GET", path, scope=scope)).content)

    async def work_of(self, user: str, case: str, scope: str, subtask: str | None = None) -> LearnersWork:
        """What a learner has done in a step, all at once and as one look, for a mentor.

        Without `subtask` the step that was checked last of those that are not approved, else the last one.
        """
        params = {} if subtask is None else {"subtask": subtask}
        response = await self._call("GET", f"{_learner(user, case)}/work", scope=scope, params=params)
        return LearnersWork.model_validate_json(response.content)

    async def dismissals_of(self, user: str, case: str, subtask: str, scope: str) -> tuple[Dismissal, ...]:
        """Remarks of the style review that a learner left as they are, newest first, for a mentor."""
        path = f"{_learner(user, case)}/dismissals"
        return _DISMISSALS.validate_json(
            (await self._call("GET", path, scope=scope, params={"subtask": subtask})).content
        )

    async def learners_by_version(self, case: str, scope: str) -> dict[str, int]:
        """Case version -> how many learners made their newest check in it; `scope` is a mentor's."""
        response = await self._call("GET", "/class/versions", scope=scope, params={"case": case})
        return _COUNTS.validate_json(response.content)

    async def class_view(
        self,
        case: str,
        scope: str,
        *,
        steps: int | None = None,
        watch: bool = False,
        after: str | None = None,
        limit: int = 100,
    ) -> ClassView:
        """Part of a class, by name; `steps`: how many the case has; `watch`: only those on the watch list."""
        asked = {"case": case, "steps": None if steps is None else str(steps), "after": after, "limit": str(limit)}
        params = {name: value for name, value in asked.items() if value is not None}
        params["watch"] = "true" if watch else "false"
        return ClassView.model_validate_json((await self._call("GET", "/class", scope=scope, params=params)).content)

    async def class_export(
        self, case: str, kind: Literal["csv", "json"], scope: str, *, steps: int | None = None
    ) -> bytes:
        """The whole class as a file: CSV (UTF-8, safe to open in a spreadsheet) or JSON."""
        params = {"case": case} | ({} if steps is None else {"steps": str(steps)})
        return (await self._call("GET", f"/class/export.{kind}", scope=scope, params=params)).content

    async def failing(self, case: str | None, since: datetime, until: datetime, scope: str) -> tuple[WeekCount, ...]:
        """How many submissions were judged to need work, by week (`measures.week_begins`), of one case or all."""
        params = period_query(case, since, until)
        return _WEEKS.validate_json((await self._call("GET", "/failing", scope=scope, params=params)).content)


def _learner(user: str, case: str) -> str:
    return f"/users/{quote(user, safe='')}/cases/{quote(case, safe='')}"
