import re
from typing import Annotated, Final, cast
from urllib.parse import quote

from fastapi import Depends, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from services.gateway.dashboard.admission import Desk, desk_router, front_router
from services.gateway.dashboard.built_pages import ANEW, BuiltPages
from services.gateway.dashboard.errors import NoSuchPage, NotSignedIn
from services.gateway.dashboard.plain_pages import refusal_page
from services.gateway.dashboard.registration import PREFIX
from services.kit.errors import CaseloopError

router, front = desk_router(), front_router()
_VIEW: Final = re.compile(r"[a-z]+(?:/[A-Za-z0-9_-]+)*/?")
"""A place within the page: `queue/0123…`."""


async def _pages(request: Request) -> BuiltPages:
    return cast("BuiltPages", request.app.state.pages)


Pages = Annotated[BuiltPages, Depends(_pages)]


@front.get("/")
async def of_the_host(desk: Desk) -> Response:
    """Lead from the desk's own host to the page. Where it has none, the Hub's proxy sends nobody here."""
    if not desk.place.is_own:
        raise NoSuchPage("There is nothing here.")
    return RedirectResponse(PREFIX, 307)


@router.get("")
async def without_slash() -> Response:
    """Lead to the page; its own addresses are relative to a path that ends in a slash."""
    return RedirectResponse(PREFIX, 307)


@router.get("/")
async def page(request: Request, desk: Desk, pages: Pages) -> Response:
    """The page, for mentors; everybody else hears why not."""
    try:
        await desk.sign_in.seated(request.cookies.get(desk.place.session_cookie, ""))
    except NotSignedIn:
        return RedirectResponse(f"{PREFIX}login?next={quote(PREFIX, safe='')}", 302)
    except CaseloopError as error:
        title = "This is not for you" if error.status == 403 else "The desk cannot be opened right now"
        return refusal_page(desk.place, error.status, title, error.detail)
    if pages.index is None:
        return refusal_page(
            desk.place,
            503,
            "The desk is not built",
            f"{pages.folder.name} holds no page. Run `make setup` and start Caseloop again.",
        )
    return FileResponse(pages.index, headers={"Cache-Control": ANEW})


@router.get("/{path:path}")
async def file(pages: Pages, path: str) -> Response:
    """A file of the page, for anybody: it holds nothing of anybody. Or the way to a place within the page."""
    found = pages.file(path)
    if found is not None:
        return FileResponse(found[0], headers={"Cache-Control": found[1]})
    if not _VIEW.fullmatch(path) or path.startswith(("api/", "assets/")):
        raise NoSuchPage("There is nothing here.")
    # the page keeps its places behind the number sign, which no browser sends along
    return RedirectResponse(f"{PREFIX}#/{path}", 302)
