from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from services.contracts.identity import Role
from services.gateway.dashboard.admission import AtDesk, Desk, desk_router
from services.gateway.dashboard.errors import SignInFailed
from services.gateway.dashboard.place import DeskPlace
from services.gateway.dashboard.plain_pages import refusal_page
from services.gateway.dashboard.sign_in import STATE_SECONDS
from services.kit.errors import CaseloopError

router = desk_router()
_Text = Annotated[str, Query(max_length=2_048)]


@dataclass(frozen=True)
class Cookie:
    """A cookie of the desk, which no script sees and no other site's form sends along."""

    name: str
    path: str
    secure: bool

    def set(self, response: Response, value: str, seconds: int) -> None:
        """Have the browser keep it."""
        response.set_cookie(
            self.name, value, max_age=seconds, path=self.path, httponly=True, samesite="lax", secure=self.secure
        )

    def delete(self, response: Response) -> None:
        """Have the browser forget it, which for names that are for TLS only takes saying so."""
        response.delete_cookie(self.name, path=self.path, httponly=True, samesite="lax", secure=self.secure)


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
    cookie = Cookie(_state_cookie(desk.place, begun.state), desk.place.state_path, _over_tls(request, desk.place))
    cookie.set(response, begun.state, STATE_SECONDS)
    return response


@router.get("/oauth_callback")
async def callback(request: Request, desk: Desk, code: _Text = "", state: _Text = "") -> Response:
    """Where the Hub sends the browser back to."""
    place, secure = desk.place, _over_tls(request, desk.place)
    pending = Cookie(_state_cookie(place, state), place.state_path, secure)
    brought = request.cookies.get(pending.name, "")
    response: Response
    try:
        signed_in = await desk.sign_in.finish(state, brought, code)
    except CaseloopError as error:
        response = _refused(place, error)
    else:
        response = RedirectResponse(signed_in.then, 303)
        life = int(desk.settings.session_lifetime.total_seconds())
        Cookie(place.session_cookie, place.session_path, secure).set(response, signed_in.cookie, life)
    if brought:
        pending.delete(response)
    return response


@router.get("/api/me")
async def me(seated: AtDesk) -> Me:
    """Who sits at the desk."""
    return Me(user=seated.mentor.user, roles=tuple(sorted(seated.mentor.roles)), xsrf=seated.session.xsrf)


@router.post("/logout", status_code=204)
async def logout(request: Request, desk: Desk, seated: AtDesk) -> Response:
    """End the person's sessions; the Hub forgets their tokens."""
    await desk.sign_in.end(seated)
    response = Response(status_code=204)
    place = desk.place
    Cookie(place.session_cookie, place.session_path, _over_tls(request, place)).delete(response)
    return response


def _refused(place: DeskPlace, error: CaseloopError) -> HTMLResponse:
    if isinstance(error, SignInFailed):
        return refusal_page(place, error.status, "The sign-in did not work", f"{error.detail} Start again.")
    return refusal_page(place, error.status, *_said(error))


def _said(error: CaseloopError) -> tuple[str, str]:
    title = "This is not for you" if error.status == 403 else "The desk cannot be opened right now"
    return title, error.detail


def _state_cookie(place: DeskPlace, state: str) -> str:
    # letters and digits only: the name goes into a header
    return place.state_cookies + "".join(letter for letter in state[:12] if letter.isascii() and letter.isalnum())


def _over_tls(request: Request, place: DeskPlace) -> bool:
    if place.is_over_tls:
        return True
    # From the Hub's proxy, the only one who gets here; the first entry is what the outermost proxy saw. A browser that
    # makes one up can only lose its own cookie by it.
    return request.headers.get("x-forwarded-proto", "").split(",")[0].strip() == "https"
