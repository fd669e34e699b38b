"""Who may use which route of the desk: the Hub's proxy, and through it people with a session and a role."""

import hmac
from typing import Annotated, Any, cast
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Depends, HTTPException, Path, Request

from services.contracts.identity import Role
from services.gateway.dashboard.errors import CrossSite, Elsewhere, NotAMentor, NotAnAdmin, NotQa, XsrfMissing
from services.gateway.dashboard.mentor import Mentor
from services.gateway.dashboard.registration import PREFIX
from services.gateway.dashboard.service import DashboardService
from services.gateway.dashboard.sessions import Session
from services.gateway.dashboard.sign_in import Seated
from services.gateway.errors import TooManyRequests
from services.gateway.rate_limit import TokenBuckets
from services.kit.peer import require_peer

_log = structlog.get_logger(__name__)
_READS = frozenset({"GET", "HEAD"})


def desk_router(prefix: str = "") -> APIRouter:
    """Make a router of the desk: its routes lie below the Hub's path for it and open to the Hub's proxy only."""
    needed = [Depends(require_peer("proxy")), Depends(_at_its_own_address)]
    return APIRouter(prefix=PREFIX.rstrip("/") + prefix, dependencies=needed)


def front_router() -> APIRouter:
    """Make a router for what lies beside that path, on a host of the desk's own."""
    return APIRouter(dependencies=[Depends(require_peer("proxy")), Depends(_at_its_own_address)])


def api_router() -> APIRouter:
    """Make a router for calls of the page's own script: each needs a mentor, and no route can forget that."""
    router = desk_router("/api")
    router.dependencies.append(Depends(_at_desk))
    return router


async def _service(request: Request) -> DashboardService:
    return cast("DashboardService", request.app.state.service)


Desk = Annotated[DashboardService, Depends(_service)]


async def _at_its_own_address(request: Request, desk: Desk) -> None:
    """Lead browsers from the desk's old path on the Hub's host to the desk's own.

    Nothing is answered at another host: script there would share the origin of what is answered.
    """
    if desk.place.is_here(request.headers.get("host", "")):
        return
    if request.method not in _READS:
        raise Elsewhere(f"The desk is at {desk.place.address}.")
    # not request.url, which believes whatever the header says
    path, query = quote(request.scope["path"]), request.scope["query_string"].decode("ascii", "ignore")
    there = f"{desk.place.address}{path}" + (f"?{query}" if query else "")
    raise HTTPException(307, "The desk has an address of its own.", {"Location": there})


async def _seated(request: Request, desk: Desk) -> Seated:
    seated = await desk.sign_in.seated(request.cookies.get(desk.place.session_cookie, ""))
    _meant_by_the_page(request, seated.session)
    return seated


def _meant_by_the_page(request: Request, session: Session) -> None:
    """Raise CrossSite or XsrfMissing for a change that the desk's own page did not ask for."""
    if request.method in _READS:
        return
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise CrossSite("This request came from another site.")
    if not hmac.compare_digest(request.headers.get("x-xsrftoken", "").encode(), session.xsrf.encode()):
        raise XsrfMissing("This request lacks the page's own token. Load the page again.")


AtDesk = Annotated[Seated, Depends(_seated)]
"""A route's parameter: a mentor and the session."""


async def _present(request: Request, desk: Desk) -> Mentor:
    # A page of another site can make a browser send a cookie, but never this header: it needs no token of the page.
    bearers = [header for header in request.headers.getlist("authorization") if header[:7].lower() == "bearer "]
    mentor = await desk.programs.admit(bearers) if bearers else (await _seated(request, desk)).mentor
    _spend(desk.requests, mentor, "requests")
    return mentor


Present = Annotated[Mentor, Depends(_present)]
"""Whoever sits at the desk, in whatever role."""


async def _at_desk(person: Present) -> Mentor:
    if not person.answers:
        _log.warning("refused at the desk", user=person.user, reason="not a mentor")
        raise NotAMentor("Only mentors and admins may do this.")
    return person


Asking = Annotated[Mentor, Depends(_at_desk)]
"""A route's parameter: the mentor who asks. Nothing in a request can say otherwise."""


async def _working(desk: Desk, mentor: Asking) -> Mentor:
    _spend(desk.work, mentor, "runs")
    return mentor


Working = Annotated[Mentor, Depends(_working)]
"""As Asking, for what costs computing."""


async def _administering(mentor: Asking) -> Mentor:
    if mentor.role is not Role.ADMIN:
        _log.warning("refused at the desk", user=mentor.user, reason="not an admin")
        raise NotAnAdmin("Only admins may do this.")
    return mentor


Administering = Annotated[Mentor, Depends(_administering)]
"""As Asking, for admins only."""


def admin_api_router() -> APIRouter:
    """Make a router for calls of an admin's page: no route of it can forget that."""
    router = api_router()
    router.dependencies.append(Depends(_administering))
    return router


async def _measuring(person: Present) -> Mentor:
    if not person.measures:
        _log.warning("refused at the desk", user=person.user, reason="not QA")
        raise NotQa("Only QA and admins may do this.")
    return person


Measuring = Annotated[Mentor, Depends(_measuring)]
"""A route's parameter: somebody from QA, or an admin."""


def qa_api_router() -> APIRouter:
    """Make a router for calls of the QA pages: each needs somebody from QA, and no route can forget that."""
    router = desk_router("/api")
    router.dependencies.append(Depends(_measuring))
    return router


Hex32 = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
"""An id in a path."""
EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}
"""How a route that answers with server-sent events says so."""


def _spend(buckets: TokenBuckets, mentor: Mentor, what: str) -> None:
    wait = buckets.take(mentor.user)
    if wait > 0:
        raise TooManyRequests(f"Too many {what} at once. Try again in {max(1, round(wait))} seconds.")
