import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from services.contracts.errors import ErrorBody
from services.contracts.feedback import Stage
from services.contracts.lab import LabFeedback
from services.gateway.errors import ShuttingDown, TooManyChecks
from services.kit.errors import error_body

CheckPart = Stage | LabFeedback | ErrorBody


@dataclass(frozen=True)
class LaneKey:
    """Within a lane, checks run one after another."""

    user: str
    case: str
    version: str
    subtask: str


class Run:
    """One check: what it has said so far, for everybody who follows it. It goes on when nobody does."""

    def __init__(
        self,
        digest: str,
        request_id: str,
        work: "Callable[[Run], Awaitable[None]]",
        ended: Callable[[CheckPart | None], None],
    ) -> None:
        """`work` says what happens; `ended` hears the last thing said, once, followed or not."""
        self.digest = digest
        self.request_id = request_id
        self.ended = False
        self._work = work
        self._on_end = ended
        self._context = contextvars.copy_context()
        self._parts: list[CheckPart] = []
        self._changed = asyncio.Event()

    def say(self, part: CheckPart) -> None:
        """Tell all followers, present and future."""
        self._parts.append(part)
        self._wake()

    def refuse(self, error: str, detail: str) -> None:
        """Say why there will be no feedback."""
        self.say(ErrorBody(error=error, detail=detail, request_id=self.request_id))

    def end(self) -> None:
        """Nothing more will be said."""
        self.ended = True
        self._wake()
        self._on_end(self._parts[-1] if self._parts else None)

    async def follow(self) -> AsyncIterator[CheckPart]:
        """All that was said and will be said."""
        seen = 0
        while True:
            while seen < len(self._parts):
                yield self._parts[seen]
                seen += 1
            if self.ended:
                return
            await self._changed.wait()

    def start(self) -> "asyncio.Task[None]":
        """Begin, apart from the request that asked for it but with its request id."""
        return asyncio.create_task(self._run(), context=self._context)

    async def _run(self) -> None:
        try:
            await self._work(self)
        except Exception as error:
            _, body = error_body(error)
            self.refuse(body.error, body.detail)
        finally:
            self.end()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@dataclass
class _Lane:
    running: Run
    task: "asyncio.Task[None]"
    waiting: Run | None = None


class CheckDesk:
    """Runs checks apart from the requests that ask for them: one at a time for a learner's subtask, so many in all.

    The same code asked for again while it runs or waits is the same check. Other code waits for the running check to
    end; only the newest waits: an older waiting one is turned away (`superseded`) before anything was recorded of it.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lanes: dict[LaneKey, _Lane] = {}
        self._closed = False

    @property
    def under_way(self) -> int:
        """How many checks are running now."""
        return len(self._lanes)

    def enter(self, key: LaneKey, run: Run) -> tuple[Run, bool]:
        """Start or queue a run, or join an equal one (True). Raises TooManyChecks, ShuttingDown."""
        if self._closed:
            raise ShuttingDown("Caseloop is being restarted. Press Check again in a moment; nothing was counted.")
        lane = self._lanes.get(key)
        if lane is None:
            if len(self._lanes) >= self._at_once:
                raise TooManyChecks(
                    f"{self._at_once} checks are under way, as many as run at once here. "
                    "Press Check again in a moment; nothing was counted."
                )
            self._begin(key, run)
            return run, False
        for known in (lane.running, lane.waiting):
            if known is not None and known.digest == run.digest:
                return known, True
        if lane.waiting is not None:
            _turn_away(lane.waiting, "superseded", "You pressed Check again with newer code, which is checked instead.")
        run.say(Stage(name="waiting", detail="Your earlier check of this subtask ends first."))
        lane.waiting = run
        return run, False

    async def close(self, grace: float) -> None:
        """Take nothing new and give running checks `grace` seconds; the rest is cancelled and says so itself."""
        self._closed = True
        for lane in self._lanes.values():
            if lane.waiting is not None:
                _turn_away(lane.waiting, "shutting_down", "Caseloop is being restarted. Press Check again in a moment.")
                lane.waiting = None
        tasks = [lane.task for lane in self._lanes.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, key: LaneKey, run: Run) -> None:
        lane = _Lane(run, run.start())
        self._lanes[key] = lane
        lane.task.add_done_callback(lambda _: self._next(key))

    def _next(self, key: LaneKey) -> None:
        waiting = self._lanes.pop(key).waiting
        if waiting is not None:
            self._begin(key, waiting)


def _turn_away(run: Run, error: str, detail: str) -> None:
    run.refuse(error, f"{detail} Nothing was counted.")
    run.end()
