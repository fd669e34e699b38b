"""«Your progress» at a real Hub: whose it is, what stands on it, and what it says when a service is away."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.contracts.case import CaseOutline, SubtaskView
from services.contracts.escalation import OwnQuestion
from services.contracts.feedback import Verdict
from services.contracts.progress import OwnSubtask, SubtaskState
from tests.free_port import free_port

CONFIGURATION = Path(__file__).with_name("hub_with_pages.py")
AT = datetime(2026, 11, 20, 22, 50, tzinfo=UTC)
HOSTILE = "<script>window.hit = 1</script>"


def outlines(count: int = 1) -> list[dict[str, Any]]:
    steps = tuple(
        SubtaskView(id=name, title=title, index=index, points=points, cells=(), answer_cells=())
        for index, (name, title, points) in enumerate((("load", "Load the file", 2), ("clean", "Clean it", 3)))
    )
    made = [CaseOutline(id=f"sales-{n}", version="a" * 64, title=f"Sales {n}", subtasks=steps) for n in range(count)]
    return [one.model_dump(mode="json") for one in made]


def subtask(case: str = "sales-0", step: str = "load", headline: str = "`rows` is right.") -> dict[str, Any]:
    return OwnSubtask(
        case=case, subtask=step, state=SubtaskState.APPROVED, attempts=3, points=2, checks_left=None, checked=AT,
        approved=AT, verdict=Verdict.APPROVED, headline=headline,
    ).model_dump(mode="json")  # fmt: skip


def question(**changes: Any) -> dict[str, Any]:
    return OwnQuestion(
        **{
            "id": "f" * 32, "case": "sales-0", "case_title": "Sales", "subtask": "clean", "subtask_title": "Clean it",
            "state": "answered", "opened": AT, "updated": AT, "mentor": "mia", "asked": "Why?", "answer": "Look twice.",
            "answered": AT, "helpful": None,
        } | changes
    ).model_dump(mode="json")  # fmt: skip


class Hub:
    """A running Hub, and what its services say."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def say(self, **services: dict[str, Any] | None) -> None:
        """What each of the three answers; None: it is away."""
        (self.folder / "asked").write_text("")
        for name in ("cases", "progress", "mentoring"):
            file, said = self.folder / f"{name}.json", services.get(name)
            file.unlink(missing_ok=True)
            if said is not None:
                file.write_text(json.dumps(said))

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder, port = tmp_path_factory.mktemp("hub"), free_port()
    told = {"HUB_TEST_FOLDER": str(folder), "HUB_TEST_PORT": str(port)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(CONFIGURATION)],
            env={**os.environ, **told}, cwd=folder, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield Hub(folder, f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()
        print((folder / "log").read_text()[-6000:])


@pytest.fixture
async def ada(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """Ada's browser, signed in."""
    async with httpx.AsyncClient(base_url=hub.url, timeout=60, follow_redirects=True) as http:
        async with asyncio.timeout(100):
            while True:
                try:
                    if (await http.get("/hub/health")).status_code == 200:
                        break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        hub.say()
        page = await http.get("/hub/login")
        (xsrf,) = re.findall(r'name="_xsrf" value="([^"]+)"', page.text)
        signed_in = {"username": "ada", "password": "x", "_xsrf": xsrf}
        answer = await http.post("/hub/login", params={"next": "/hub/progress"}, data=signed_in)
        assert str(answer.url) == f"{hub.url}/hub/progress"
        yield http


def everything(count: int = 1, **changes: Any) -> dict[str, dict[str, Any]]:
    return {
        "cases": {"/outlines": outlines(count)},
        "progress": {"/users/ada/subtasks": [subtask(f"sales-{n}") for n in range(count)]},
        "mentoring": {"/users/ada/questions": [question(**changes)]},
    }


def words_of(page: httpx.Response) -> str:
    body = page.text[page.text.index("<main") : page.text.index("</main>")]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


async def test_all_cases_stand_on_it_with_what_is_next(hub: Hub, ada: httpx.AsyncClient) -> None:
    hub.say(**everything())
    page = await ada.get("/hub/progress")
    words = words_of(page)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    for said in (
        "1 of 2 steps approved in 1 case · 1 answer to rate",
        "Next: Clean it in Sales 0",
        "1 of 2 approved 2 of 5 points 3 attempts",
        "3 attempts 2 of 2 points checked 20 Nov 2026, 22:50 UTC approved 20 Nov 2026, 22:50 UTC",
        "rows is right.",
        "Clean it Not begun 3 points Answered: rate it in the case",
        "mia answered 20 Nov 2026, 22:50 UTC",
        "You Why? mia Look twice.",
    ):
        assert said in words
    assert 'href="/hub/cases/sales-0"' in page.text
    assert "<code>rows</code>" in page.text


async def test_many_cases_take_one_call_a_service(hub: Hub, ada: httpx.AsyncClient) -> None:
    hub.say(**everything(60))
    page = await ada.get("/hub/progress")
    assert page.text.count('data-caseloop="own-case"') == 60
    assert sorted(hub.asked) == ["cases /outlines", "mentoring /users/ada/questions", "progress /users/ada/subtasks"]


async def test_who_has_done_nothing_is_told_where_to_begin(hub: Hub, ada: httpx.AsyncClient) -> None:
    hub.say(
        cases={"/outlines": outlines()},
        progress={"/users/ada/subtasks": []},
        mentoring={"/users/ada/questions": []},
    )
    words = words_of(await ada.get("/hub/progress"))
    assert "You have not checked anything yet" in words
    assert "Next: Load the file in Sales 0" in words


@pytest.mark.parametrize(
    ("away", "status", "said", "kept"),
    [
        ("progress", 503, "Your progress cannot be shown right now", None),
        ("mentoring", 200, "Your questions to mentors cannot be shown right now", "Load the file"),
        ("cases", 200, "Titles, points and steps that you have not begun cannot be shown", "3 attempts"),
    ],
)
async def test_a_service_that_is_away_is_said_and_the_rest_is_there(
    hub: Hub, ada: httpx.AsyncClient, away: str, status: int, said: str, kept: str | None
) -> None:
    hub.say(**(everything() | {away: None}))
    page = await ada.get("/hub/progress")
    assert page.status_code == status
    assert said in words_of(page)
    assert kept is None or kept in words_of(page)
    file = await ada.get("/hub/progress.json")
    assert file.status_code == (200 if away == "cases" else 503)


async def test_what_people_wrote_is_text(hub: Hub, ada: httpx.AsyncClient) -> None:
    said = everything(asked=HOSTILE, answer=HOSTILE, mentor=HOSTILE)
    said["progress"]["/users/ada/subtasks"] = [subtask(headline=f"`{HOSTILE}`")]
    hub.say(**said)
    page = await ada.get("/hub/progress")
    assert HOSTILE not in page.text
    assert page.text.count("&lt;script&gt;window.hit") == 5


async def test_it_is_kept_as_a_file(hub: Hub, ada: httpx.AsyncClient) -> None:
    hub.say(**everything())
    file = await ada.get("/hub/progress.json")
    assert file.headers["content-disposition"] == 'attachment; filename="caseloop-progress.json"'
    kept = file.json()
    assert (kept["user"], kept["subtasks"], kept["questions"]) == ("ada", [subtask()], [question()])


async def test_nobody_else_can_be_named_and_strangers_sign_in_first(hub: Hub, ada: httpx.AsyncClient) -> None:
    hub.say(**everything())
    for path in ("/hub/progress?user=bob", "/hub/progress.json?user=bob"):
        assert (await ada.get(path)).status_code == 200
    assert {line for line in hub.asked if "/users/" in line} == {
        "progress /users/ada/subtasks",
        "mentoring /users/ada/questions",
    }
    async with httpx.AsyncClient(base_url=hub.url) as stranger:
        for path in ("/hub/progress", "/hub/progress.json"):
            answer = await stranger.get(path)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (302, "/hub/login")
