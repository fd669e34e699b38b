from urllib.parse import quote

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from services.gateway.dashboard.errors import SignInFailed
from services.gateway.dashboard.place import DeskPlace
from services.gateway.dashboard.registration import CLIENT_ID
from services.gateway.errors import HubUnavailable
from services.gateway.ports import HubUser

_log = structlog.get_logger(__name__)


class _Granted(BaseModel):
    access_token: str


class HubOAuth:
    """The two calls of a sign-in that go from the desk to the Hub."""

    def __init__(self, http: httpx.AsyncClient, secret: str, place: DeskPlace) -> None:
        self._http, self._secret, self._place = http, secret, place

    async def token(self, code: str, verifier: str) -> str:
        """Exchange the code that the browser brought for a token. Raises SignInFailed, HubUnavailable."""
        form = {
            "client_id": CLIENT_ID,
            "client_secret": self._secret,
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._place.redirect_uri,
            "code_verifier": verifier,
        }
        try:
            answer = await self._http.post("/hub/api/oauth2/token", data=form)
        except httpx.TransportError as error:
            raise HubUnavailable(f"The Hub could not be reached ({type(error).__name__}). Try again.") from error
        if answer.status_code >= 500:
            raise HubUnavailable(f"The Hub answered with status {answer.status_code}. Try again in a moment.")
        try:
            return _Granted.model_validate_json(answer.content if answer.status_code == 200 else b"").access_token
        except ValidationError as error:
            _log.warning("the Hub refused a sign-in", status=answer.status_code)
            raise SignInFailed("The Hub refused this sign-in.") from error

    async def give_back(self, user: HubUser, token: str) -> None:
        """Have the Hub forget a token, with the token's own right to do so. A Hub that is away is only logged."""
        if not user.token_id:
            return
        path = f"/hub/api/users/{quote(user.name, safe='')}/tokens/{quote(user.token_id, safe='')}"
        try:
            answer = await self._http.delete(path, headers={"Authorization": f"token {token}"})
        except httpx.TransportError as error:
            _log.warning("a token stays at the Hub until it expires", reason=type(error).__name__)
            return
        if answer.status_code not in (204, 404):
            _log.warning("a token stays at the Hub until it expires", status=answer.status_code)
