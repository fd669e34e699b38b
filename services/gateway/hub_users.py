import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx
from pydantic import BaseModel, ValidationError

from services.gateway.errors import HubUnavailable
from services.gateway.ports import HubUser

FRESH_SECONDS = 30.0
"""How long a revoked token or a lost group still counts, at most."""
FAILED_SECONDS = 5.0
"""How long an unknown token is refused without asking again."""
GRACE_SECONDS = 300.0
"""How long the last answer about somebody counts while the Hub is away, which can then revoke nothing either."""
RETRY_SECONDS = 1.0
"""How long it counts before the Hub is asked again."""
MAX_REMEMBERED = 4_096


class _UserModel(BaseModel):
    kind: str
    name: str
    groups: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    token_id: str | None = None


@dataclass(frozen=True)
class _Answer:
    user: HubUser | None
    asked: float
    """When the Hub said so."""
    fresh_until: float


class HubApiUsers:
    """Asks the Hub's `GET /hub/api/user`; remembers answers for a moment. Tokens are kept as hashes only.

    While the Hub is started again, whoever it knew a moment ago works on.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        now: Callable[[], float] = time.monotonic,
        remembered: int = MAX_REMEMBERED,
    ) -> None:
        self._http = http
        self._now = now
        self._limit = remembered
        self._remembered: OrderedDict[bytes, _Answer] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[_Answer]] = {}

    async def user(self, token: str) -> HubUser | None:
        """The user of a token, or None. Raises HubUnavailable, which is not remembered."""
        key = hashlib.sha256(token.encode()).digest()
        hit = self._remembered.get(key)
        if hit is not None and hit.fresh_until > self._now():
            return hit.user
        asking = self._asking.get(key)
        if asking is None:
            # A page's first requests come together: they ask once. A task, so that none depends on another's patience.
            asking = asyncio.create_task(self._answer(token, hit))
            self._asking[key] = asking
            asking.add_done_callback(lambda task: self._settle(key, task))
        return (await asyncio.shield(asking)).user

    async def _answer(self, token: str, before: _Answer | None) -> _Answer:
        asked = self._now()
        try:
            user = await self._ask(token)
        except HubUnavailable:
            now = self._now()
            if before is None or before.user is None or now > before.asked + GRACE_SECONDS:
                raise
            return replace(before, fresh_until=now + RETRY_SECONDS)
        return _Answer(user, asked, self._now() + (FRESH_SECONDS if user else FAILED_SECONDS))

    def _settle(self, key: bytes, task: asyncio.Task[_Answer]) -> None:
        del self._asking[key]
        if task.cancelled() or task.exception() is not None:
            return
        self._remembered[key] = task.result()
        self._remembered.move_to_end(key)
        while len(self._remembered) > self._limit:
            self._remembered.popitem(last=False)

    async def _ask(self, token: str) -> HubUser | None:
        try:
            response = await self._http.get("/hub/api/user", headers={"Authorization": f"token {token}"})
        except httpx.TransportError as error:
            raise _unavailable(f"could not be reached ({type(error).__name__})") from error
        if response.status_code in (401, 403, 404):
            return None
        if response.status_code != 200:
            raise _unavailable(f"answered with status {response.status_code}")
        try:
            model = _UserModel.model_validate_json(response.content)
        except ValidationError as error:
            raise _unavailable("gave an answer that is not a user model") from error
        # A service's own token names no learner.
        if model.kind != "user":
            return None
        return HubUser(model.name, model.groups, model.scopes, model.token_id or "")


def _unavailable(what: str) -> HubUnavailable:
    return HubUnavailable(
        f"The Hub, which knows who you are, {what}. Your work is safe in the notebook; try again in a moment."
    )
