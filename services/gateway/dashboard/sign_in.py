"""Sign-in with the Hub's OAuth: PKCE, a state that counts once and only in the browser that began, sessions."""

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import structlog

from services.gateway.dashboard.errors import NotAMentor, NotSignedIn, SignInFailed
from services.gateway.dashboard.hub_oauth import HubOAuth
from services.gateway.dashboard.mentor import Mentor, roles_at_desk
from services.gateway.dashboard.place import DeskPlace
from services.gateway.dashboard.registration import ACCESS_SCOPES, CLIENT_ID, PREFIX
from services.gateway.dashboard.sessions import Session, Sessions
from services.gateway.errors import HubUnavailable
from services.gateway.ports import HubUser, HubUsers

STATE_SECONDS: Final = 600
"""How long somebody may take to sign in at the Hub."""
_MOST_PENDING: Final = 10_000
"""Sign-ins under way; anybody can begin one, so the oldest are forgotten beyond this."""
_OWN_PATH: Final = re.compile(rf"{PREFIX}[A-Za-z0-9/_-]*")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Pending:
    verifier: str
    then: str
    until: float


@dataclass(frozen=True)
class Begun:
    """A sign-in that has begun: where the browser goes, and what it must bring back in a cookie."""

    location: str
    state: str


@dataclass(frozen=True)
class SignedIn:
    """A sign-in that has ended well: the session's cookie, and where the browser goes."""

    cookie: str
    then: str


@dataclass(frozen=True)
class Seated:
    """Somebody at the desk, with a session."""

    mentor: Mentor
    session: Session


class SignIn:
    """Signs people in and says who a cookie is."""

    def __init__(
        self,
        hub: HubOAuth,
        users: HubUsers,
        sessions: Sessions,
        place: DeskPlace,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub, self._users, self._sessions, self._place, self._now = hub, users, sessions, place, now
        self._pending: OrderedDict[str, _Pending] = OrderedDict()

    def begin(self, then: str) -> Begun:
        """Begin a sign-in that ends at the path `then`, if that is one of ours."""
        # "//" begins another host's address; whatever else is no plain path of the desk is not worth a rule of its own
        if not _OWN_PATH.fullmatch(then) or "//" in then:
            then = PREFIX
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        self._forget_old()
        self._pending[state] = _Pending(verifier, then, self._now() + STATE_SECONDS)
        asked = {
            "client_id": CLIENT_ID,
            "redirect_uri": self._place.redirect_uri,
            "response_type": "code",
            "state": state,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        return Begun(self._place.at_hub(f"/hub/api/oauth2/authorize?{urlencode(asked)}"), state)

    async def finish(self, state: str, brought: str, code: str) -> SignedIn:
        """End a sign-in; `brought`: the state as the browser's cookie says it.

        Raises SignInFailed, NotAMentor, HubUnavailable.
        """
        same_browser = bool(state) and hmac.compare_digest(brought.encode(), state.encode())
        # taken out before anything else is tried: a state counts once
        pending = self._pending.pop(state, None) if same_browser else None
        if pending is None or pending.until < self._now() or not code:
            raise SignInFailed("This sign-in was not begun in this browser, took too long, or was used before.")
        token = await self._hub.token(code, pending.verifier)
        user = await self._users.user(token)
        if user is None:
            raise SignInFailed("The Hub does not know the person who signed in.")
        if not _may_sit(user):
            await self._hub.give_back(user, token)
            _log.warning("sign-in refused", user=user.name, reason="not a mentor")
            raise NotAMentor("The desk is for mentors, QA and administrators.")
        return SignedIn(await self._sessions.begin(user.name, token), pending.then)

    async def seated(self, cookie: str) -> Seated:
        """Who a cookie is, and with which roles by now. Raises NotSignedIn, NotAMentor, HubUnavailable."""
        session = await self._sessions.of(cookie) if cookie else None
        user = await self._users.user(session.token) if session else None
        if session is None or user is None or user.name != session.person:
            raise NotSignedIn("You are not signed in (any more). Load the page again.")
        if not _may_sit(user):
            _log.warning("refused at the desk", user=user.name, reason="not a mentor")
            raise NotAMentor("The desk is for mentors, QA and administrators.")
        return Seated(Mentor(user.name, roles_at_desk(user.scopes)), session)

    async def end(self, seated: Seated) -> None:
        """Sign out, in every browser: the Hub forgets all tokens that one person has of one client together."""
        session = seated.session
        await self._sessions.end_all(session.person)
        try:
            user = await self._users.user(session.token)
        except HubUnavailable as error:
            _log.warning("a token stays at the Hub until it expires", reason=error.detail)
            return
        if user is not None:
            await self._hub.give_back(user, session.token)

    def _forget_old(self) -> None:
        # in the order of their expiry, because all wait equally long
        while self._pending and (
            len(self._pending) >= _MOST_PENDING or next(iter(self._pending.values())).until < self._now()
        ):
            self._pending.popitem(last=False)


def _may_sit(user: HubUser) -> bool:
    return bool(ACCESS_SCOPES & user.scopes and roles_at_desk(user.scopes))


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
