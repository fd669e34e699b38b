"""The Hub's page «Your cases», where a learner starts, and the address of each case."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from jupyterhub.handlers.base import BaseHandler
from jupyterhub.utils import url_escape_path, url_path_join
from tornado.web import HTTPError, authenticated

from services.contracts.case import CaseSummary, Level
from services.contracts.errors import ServiceError
from spawner.platform import Platform
from spawner.workplace import Workplace, folder_name

LEVELS = get_args(Level)


@dataclass(frozen=True)
class CaseCard:
    """One case as the page shows it."""

    case: CaseSummary
    url: str
    running: bool
    approved: int
    on: str | None = None
    """The version the person works on; None: none yet."""

    @property
    def newer(self) -> bool:
        """Whether there is a newer version than the one the person works on."""
        return self.on is not None and self.on != self.case.version

    @property
    def percent(self) -> int:
        """Share of approved subtasks, in percent."""
        return round(100 * self.approved / self.case.subtasks)


class _CasesHandler(BaseHandler):
    """What the pages about cases share."""

    def initialize(self, platform: Platform) -> None:
        """Tornado's way to hand a route its dependencies."""
        self._platform = platform

    async def cards(self) -> Sequence[CaseCard]:
        """The published cases for the person who is signed in, the easiest first. ServiceError."""
        cases, standing = await asyncio.gather(
            self._platform.cases.published(), self._platform.progress.standing_of(self.current_user.name)
        )
        done = {one.case: one.approved for one in standing}
        ordered = sorted(cases, key=lambda case: (LEVELS.index(case.level), case.title))
        return [self._card(case, done.get(case.id, 0)) for case in ordered]

    def _card(self, case: CaseSummary, approved: int) -> CaseCard:
        user: Any = self.current_user
        spawner = user.spawners.get(case.id)
        running = spawner is not None and spawner.ready
        if running:
            url = user.server_url(case.id)  # on a host of the learner's own, where there is one
        else:
            url = url_path_join(self.hub.base_url, "spawn", user.escaped_name, url_escape_path(case.id))
        place = Workplace(self._platform.homes_dir / folder_name(user.name) / case.id)
        return CaseCard(case, url, running, min(approved, case.subtasks), place.version)


class CasesHandler(_CasesHandler):
    """GET /hub/cases."""

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        """Render the cards, or say that the cases cannot be shown now."""
        try:
            cards, problem = await self.cards(), ""
        except ServiceError as error:
            self.log.warning("The list of cases could not be had: %s", error)
            cards, problem = [], "The cases cannot be shown right now. Your work is safe; try again in a moment."
            self.set_status(503)
        self.finish(await self.render_template("cases.html", cards=cards, problem=problem))


class CaseHandler(_CasesHandler):
    """GET /hub/cases/<id>: the one address of a case for everybody, to be linked from a course page."""

    @authenticated  # type: ignore[untyped-decorator]
    async def get(self, case: str) -> None:
        """Lead to the person's own environment of the case."""
        try:
            cards = await self.cards()
        except ServiceError as error:
            raise HTTPError(503, "the cases cannot be looked up: %s", error) from error
        url = next((card.url for card in cards if card.case.id == case), None)
        if url is None:
            raise HTTPError(404, "there is no published case %s", case)
        self.redirect(url)
