import asyncio
from dataclasses import dataclass

from services.contracts.errors import ErrorBody
from services.contracts.feedback import Stage
from services.contracts.lab import LabFeedback
from services.gateway.errors import ShuttingDown, TooManyChecks
from services.gateway.run import Run, let_end

CheckPart = Stage | LabFeedback | ErrorBody
CheckRun = Run[Stage | LabFeedback]
"""One check. It is about the digest of its cells."""


@dataclass(frozen=True)
class LaneKey:
    """Within a lane, checks run one after another."""

    user: str
    case: str
    version: str
    subtask: str


@dataclass
class _Lane:
    running: CheckRun
    task: "asyncio.Task[None]"
    waiting: CheckRun | None = None


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

    def enter(self, key: LaneKey, run: CheckRun) -> tuple[CheckRun, bool]:
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
            if known is not None and known.about == run.about:
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
        await let_end([lane.task for lane in self._lanes.values()], grace)

    def _begin(self, key: LaneKey, run: CheckRun) -> None:
        lane = _Lane(run, run.start())
        self._lanes[key] = lane
        lane.task.add_done_callback(lambda _: self._next(key))

    def _next(self, key: LaneKey) -> None:
        waiting = self._lanes.pop(key).waiting
        if waiting is not None:
            self._begin(key, waiting)


def _turn_away(run: CheckRun, error: str, detail: str) -> None:
    run.refuse(error, f"{detail} Nothing was counted.")
    run.end()
