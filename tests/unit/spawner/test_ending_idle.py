"""An environment that nobody uses: saved, then ended, then said to the Hub; and left alone whenever that is safer."""

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.contracts.case import LearnerCase
from spawner import case_server
from spawner.case_server import CaseServer
from spawner.idleness import Signs
from spawner.inside import Mount
from spawner.looking_in import NoAnswer
from vault.errors import VaultError

LONG_AGO = timedelta(hours=9)


class Server(CaseServer):
    """Notes what is done to it, in order."""

    server = SimpleNamespace(url="http+unix://socket/user/ada/basics/")
    last_activity: datetime | None = None
    launched = True
    _listened = True

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.done: list[str] = []
        self.unsaved: Exception | None = None
        self.unmeasured: Exception | None = None
        self.sealed: Exception | None = None
        self.platform: Any = SimpleNamespace(certificates=SimpleNamespace(renew=self.renew), run_dir="")

    private_box = None  # type: ignore[assignment]

    def renew(self, _: None) -> None:
        if self.sealed:
            raise self.sealed

    async def save(self) -> None:
        if self.unsaved:
            raise self.unsaved
        self.done.append("saved")

    async def look_after(self) -> None:
        if self.unmeasured:
            raise self.unmeasured
        self.done.append("limits looked at")

    async def end(self) -> None:
        self.done.append("ended")

    async def poll_and_notify(self) -> int | None:
        self.done.append("said")
        return 0

    async def until_it_listens(self) -> str: ...  # type: ignore[empty-body]
    def ways_out(self) -> dict[str, str]: ...  # type: ignore[empty-body]
    async def choose_environment(self, case: LearnerCase) -> None: ...
    async def launch(self, mounts: Sequence[Mount]) -> None: ...
    async def status(self) -> int | None: ...
    def forget(self) -> None: ...


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the environment's server says when it is asked, and how often it was."""
    told = SimpleNamespace(unused=LONG_AGO, in_use="", fails=False, asked=0)

    async def look_in(url: str, token: str) -> Signs:
        told.asked += 1
        if told.fails:
            raise NoAnswer("it hangs")
        return Signs(datetime.now(UTC) - told.unused, told.in_use)

    monkeypatch.setattr(case_server, "look_in", look_in)
    monkeypatch.setattr(case_server, "short_token", lambda _: nullcontext("token"))
    return told


@pytest.fixture
def server() -> Server:
    user = SimpleNamespace(name="ada", escaped_name="ada", url="/user/ada/", settings={})
    made = Server(user=user, orm_spawner=SimpleNamespace(name="basics", server=None))
    made.log = logging.getLogger("jupyterhub")
    return made


async def tended(server: Server) -> None:
    """One round, and what it leaves to a task of its own."""
    await server._tend()
    assert server._telling is not None
    await server._telling


async def test_an_unused_one_is_saved_then_ended_then_said_to_the_hub(server: Server, told: SimpleNamespace) -> None:
    await tended(server)
    assert server.done == ["saved", "limits looked at", "ended", "said"]


async def test_one_whose_work_cannot_be_saved_lives(server: Server, told: SimpleNamespace) -> None:
    server.unsaved = OSError("progress is away")
    await server._tend()
    assert server.done == ["limits looked at"]


async def test_one_whose_certificate_cannot_be_renewed_is_saved_limited_and_ended_all_the_same(
    server: Server, told: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    server.sealed = VaultError("Vault is sealed")
    with caplog.at_level(logging.ERROR, "jupyterhub"):
        await tended(server)
    assert server.done == ["saved", "limits looked at", "ended", "said"]
    assert "Renewing the certificate failed" in caplog.text
    assert "Vault is sealed" in caplog.text


async def test_one_whose_size_cannot_be_told_is_saved_and_ended_all_the_same(
    server: Server, told: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    server.unmeasured = OSError("a folder went away")
    with caplog.at_level(logging.ERROR, "jupyterhub"):
        await tended(server)
    assert server.done == ["saved", "ended", "said"]
    assert "Looking after the limits failed" in caplog.text


@pytest.mark.parametrize("sign", ["a kernel is busy", "a page is open"])
async def test_one_in_use_is_left_alone_and_that_is_logged_once(
    server: Server, told: SimpleNamespace, sign: str, caplog: pytest.LogCaptureFixture
) -> None:
    told.in_use = sign
    with caplog.at_level(logging.INFO, "jupyterhub"):
        for _ in range(3):
            server._look_in_at = 0.0
            await server._tend()
    assert told.asked == 3
    assert server.done == ["saved", "limits looked at"] * 3
    assert caplog.text.count(f"is unused and left alone: {sign}") == 1


async def test_it_is_asked_no_more_often_than_its_limit_needs(server: Server, told: SimpleNamespace) -> None:
    told.unused = timedelta(0)
    for _ in range(3):
        await server._tend()
    assert told.asked == 1


async def test_nothing_is_asked_where_it_is_turned_off(server: Server, told: SimpleNamespace) -> None:
    server.idle_hours = 0.0
    await server._tend()
    assert (told.asked, server.done) == (0, ["saved", "limits looked at"])


async def test_one_that_does_not_answer_counts_as_in_use_since_the_hub_heard_of_it(
    server: Server, told: SimpleNamespace
) -> None:
    told.fails = True
    # as the Hub keeps it: in UTC, and without saying so
    server.last_activity = (datetime.now(UTC) - LONG_AGO).replace(tzinfo=None)
    await server._tend()
    assert server.done == ["saved", "limits looked at"]
    server.last_activity -= timedelta(hours=40)
    server._look_in_at = 0.0
    await tended(server)
    assert server.done == ["saved", "limits looked at"] * 2 + ["ended", "said"]
