from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from services.contracts.identity import Role
from services.gateway.dashboard.admission import SESSION_COOKIE, AtDesk, Desk, desk_router
from services.gateway.dashboard.errors import SignInFailed
from services.gateway.dashboard.plain_pages import refusal_page
from services.gateway.dashboard.registration import PREFIX, REDIRECT_PATH
from services.gateway.dashboard.sign_in import STATE_SECONDS
from services.kit.errors import CaseloopError

router = desk_router()
_STATE_COOKIE = "caseloop-desk-state-"
_Text = Annotated[str, Query(max_length=2_048)]


class Me(BaseModel):
    """Who the desk takes the browser for."""

    user: str
    roles: tuple[Role, ...]
    xsrf: str
    """Send it as X-XSRFToken with whatever changes something."""


@router.get("/login")
async def login(
    request: Request, desk: Desk, then: Annotated[str, Query(alias="next", max_length=2_048)] = ""
) -> Response:
    """Send the browser to the Hub, which knows who sits there."""
    begun = desk.sign_in.begin(then)
    response = RedirectResponse(begun.location, 302)
    # one cookie a tab, so that two sign-ins at once do not undo each other
    _set(request, response, _state_cookie(begun.state), begun.state, STATE_SECONDS, REDIRECT_PATH)
    return response


@router.get("/oauth_callback")
async def callback(request: Request, desk: Desk, code: _Text = "", state: _Text = "") -> Response:
    """Where the Hub sends the browser back to."""
    brought = request.cookies.get(_state_cookie(state), "")
    response: Response
    try:
        signed_in = await desk.sign_in.finish(state, brought, code)
    except CaseloopError as error:
        response = _refused(error)
    else:
        response = RedirectResponse(signed_in.then, 303)
        life = int(desk.settings.session_lifetime.total_seconds())
        _set(request, response, SESSION_COOKIE, signed_in.cookie, life, PREFIX)
    if brought:
        response.delete_cookie(_state_cookie(state), path=REDIRECT_PATH, httponly=True, samesite="lax")
    return response


@router.get("/api/me")
async def me(seated: AtDesk) -> Me:
    """Who sits at the desk."""
    return Me(user=seated.mentor.user, roles=tuple(sorted(seated.mentor.roles)), xsrf=seated.session.xsrf)


@router.post("/logout", status_code=204)
async def logout(desk: Desk, seated: AtDesk) -> Response:
    """End the person's sessions; the Hub forgets their tokens."""
    await desk.sign_in.end(seated)
    response = Response(status_code=204)
    response.delete_cookie(SESSION_COOKIE, path=PREFIX, httponly=True, samesite="lax")
    return response


def _refused(error: CaseloopError) -> HTMLResponse:
    if isinstance(error, SignInFailed):
        return refusal_page(error.status, "The sign-in did not work", f"{error.detail} Start again.")
    return refusal_page(error.status, *_said(error))


def _said(error: CaseloopError) -> tuple[str, str]:
    title = "This is not for you" if error.status == 403 else "The desk cannot be opened right now"
    return title, error.detail


def _state_cookie(state: str) -> str:
    # letters and digits only: the name goes into a header
    return _STATE_COOKIE + "".join(letter for letter in state[:12] if letter.isascii() and letter.isalnum())


def _set(request: Request, response: Response, name: str, value: str, seconds: int, path: str) -> None:
    response.set_cookie(
        name, value, max_age=seconds, path=path, httponly=True, samesite="lax", secure=_over_tls(request)
    )


def _over_tls(request: Request) -> bool:
    # From the Hub's proxy, the only one who gets here; the first entry is what the outermost proxy saw. A browser that
    # makes one up can only lose its own cookie by it.
    return request.headers.get("x-forwarded-proto", "").split(",")[0].strip() == "https"
