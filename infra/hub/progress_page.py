"""The Hub's page «Your progress», where a learner sees all cases together, and the same as a file to keep."""

import asyncio
import json
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, TypeVar

from jupyterhub.handlers.base import BaseHandler
from tornado.web import HTTPError, authenticated

from infra.hub.own_progress import OwnProgress, progress_of
from services.contracts.errors import ServiceError
from spawner.platform import Platform

T = TypeVar("T")


class _OwnHandler(BaseHandler):
    """What page and file share: they are about whoever is signed in, and nobody else can be named."""

    def initialize(self, platform: Platform) -> None:
        """Tornado's way to hand a route its dependencies."""
        self._platform = platform

    @property
    def person(self) -> str:
        """Whose progress it is."""
        name: str = self.current_user.name
        return name

    def set_default_headers(self) -> None:
        """Nobody's progress stays in a cache on the way."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")


class ProgressHandler(_OwnHandler):
    """GET /hub/progress."""

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Render it, without titles or questions where those who know them are away."""
        try:
            own, problem = await self._own(), ""
        except ServiceError as error:
            self.log.warning("The progress of %s could not be had: %s", self.person, error)
            own, problem = (
                None,
                "Your progress cannot be shown right now. Nothing of it is lost; try again in a moment.",
            )
            self.set_status(503)
        self.finish(await self.render_template("progress.html", own=own, problem=problem))

    async def _own(self) -> OwnProgress:
        """One call a service, all at once. ServiceError when `progress` is away."""
        outlines, subtasks, questions = await asyncio.gather(
            self._unless_away(self._platform.cases.outlines()),
            self._platform.progress.subtasks_of(self.person),
            self._unless_away(self._platform.mentoring.questions_of(self.person)),
        )
        return progress_of(outlines, subtasks, questions)

    async def _unless_away(self, asked: Awaitable[T]) -> T | None:
        try:
            return await asked
        except ServiceError as error:
            self.log.warning("The progress of %s lacks a part: %s", self.person, error)
            return None


class ProgressFileHandler(_OwnHandler):
    """GET /hub/progress.json: whole, or not at all."""

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Send the learner's own attempts and questions as a file."""
        try:
            subtasks, questions = await asyncio.gather(
                self._platform.progress.subtasks_of(self.person), self._platform.mentoring.questions_of(self.person)
            )
        except ServiceError as error:
            raise HTTPError(503, "the progress cannot be exported: %s", error) from error
        content: dict[str, Any] = {
            "user": self.person,
            "at": datetime.now(UTC).isoformat(),
            "subtasks": [one.model_dump(mode="json") for one in subtasks],
            "questions": [one.model_dump(mode="json") for one in questions],
        }
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Disposition", 'attachment; filename="caseloop-progress.json"')
        self.finish(json.dumps(content, indent=2))
