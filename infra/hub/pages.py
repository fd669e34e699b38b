"""The Hub's page «Your cases»: where a learner starts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyterhub.handlers.base import BaseHandler
from jupyterhub.utils import url_escape_path, url_path_join
from tornado.web import authenticated

from services.contracts.case import CaseSummary
from services.contracts.errors import ServiceError
from spawner.platform import Platform


@dataclass(frozen=True)
class CaseCard:
    """One case as the page shows it."""

    case: CaseSummary
    url: str
    running: bool
    approved: int

    @property
    def percent(self) -> int:
        """Share of approved subtasks, in percent."""
        return round(100 * self.approved / self.case.subtasks)


class CasesHandler(BaseHandler):
    """GET /hub/cases."""

    def initialize(self, platform: Platform) -> None:
        """Tornado's way to hand a route its dependencies."""
        self._platform = platform

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Render the cards, or say that the cases cannot be shown now."""
        try:
            cards, problem = await self._cards(), ""
        except ServiceError as error:
            self.log.warning("The list of cases could not be had: %s", error)
            cards, problem = [], "The cases cannot be shown right now. Your work is safe; try again in a moment."
            self.set_status(503)
        self.finish(await self.render_template("cases.html", cards=cards, problem=problem))

    async def _cards(self) -> Sequence[CaseCard]:
        cases, standing = await asyncio.gather(
            self._platform.cases.published(), self._platform.progress.standing_of(self.current_user.name)
        )
        done = {one.case: one.approved for one in standing}
        return [self._card(case, done.get(case.id, 0)) for case in cases]

    def _card(self, case: CaseSummary, approved: int) -> CaseCard:
        user: Any = self.current_user
        spawner = user.spawners.get(case.id)
        running = spawner is not None and spawner.ready
        if running:
            url = url_path_join(self.base_url, "user", user.escaped_name, url_escape_path(case.id), "/")
        else:
            url = url_path_join(self.hub.base_url, "spawn", user.escaped_name, url_escape_path(case.id))
        return CaseCard(case, url, running, min(approved, case.subtasks))
