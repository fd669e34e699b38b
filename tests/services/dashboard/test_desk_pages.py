"""The page itself, its files, and what browsers are told about them."""

from pathlib import Path
from typing import Any

import pytest

Fixture = Any
PREFIX = "/services/caseloop/"


def policy(response: Any) -> dict[str, str]:
    parts = response.headers["content-security-policy"].split("; ")
    return {name: rest for name, _, rest in (part.partition(" ") for part in parts)}


async def test_hashed_files_are_kept_for_ever_and_the_page_is_asked_for_anew(world: Fixture, mona: Fixture) -> None:
    script = await mona.http.get(f"{PREFIX}assets/index-Ab12.js")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "javascript" in script.headers["content-type"]
    assert (await mona.http.get(PREFIX)).headers["cache-control"] == "no-cache"
    assert (await mona.http.get(f"{PREFIX}icon.svg")).headers["cache-control"] == "no-cache"


async def test_answers_of_the_api_are_kept_by_nobody(world: Fixture, mona: Fixture) -> None:
    for path in ("me", "queue", "nothing"):
        assert (await mona.api("GET", path)).headers["cache-control"] == "no-store"


async def test_every_answer_tells_the_browser_what_may_happen(world: Fixture, mona: Fixture) -> None:
    stranger = world.browser()
    for answer in (
        await mona.http.get(PREFIX),
        await mona.http.get(f"{PREFIX}assets/index-Ab12.js"),
        await mona.api("GET", "me"),
        await stranger.http.get(f"{PREFIX}api/me"),
        await stranger.sign_in("lena"),
        await stranger.http.get(f"{PREFIX}oauth_callback"),
    ):
        told = policy(answer)
        assert told["default-src"] == "'self'"
        assert told["script-src"] == "'self'"
        assert told["frame-ancestors"] == "'self'"
        assert (told["object-src"], told["base-uri"], told["frame-src"]) == ("'none'", "'none'", "'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2Fsecret.txt",
        "%2e%2e/secret.txt",
        "assets/../../secret.txt",
        "assets/..%2f..%2fsecret.txt",
        "link.txt",
        "/etc/passwd",
        "assets/missing.js",
        "index.html",
        "api/nothing",
        "a.b",
    ],
)
async def test_nothing_but_the_built_files_can_be_had(world: Fixture, path: str) -> None:
    stranger = world.browser()
    answer = await stranger.http.request("GET", PREFIX + path)
    assert "not for anybody" not in answer.text
    assert answer.status_code in (403, 404)


async def test_a_place_within_the_page_leads_there(world: Fixture, mona: Fixture) -> None:
    """As links in mails have it; the page keeps its places behind the number sign."""
    place = f"queue/{'0' * 32}"
    answer = await mona.http.get(PREFIX + place)
    assert (answer.status_code, answer.headers["location"]) == (302, f"{PREFIX}#/{place}")


async def test_the_path_without_its_slash_leads_to_the_page(world: Fixture) -> None:
    answer = await world.browser().http.get(PREFIX.rstrip("/"))
    assert (answer.status_code, answer.headers["location"]) == (307, PREFIX)


class TestNotBuilt:
    @pytest.fixture
    def pages(self, tmp_path: Path) -> Path:
        return tmp_path / "dist"

    async def test_a_page_says_what_to_do(self, world: Fixture, mona: Fixture) -> None:
        answer = await mona.http.get(PREFIX)
        assert answer.status_code == 503
        assert "make setup" in answer.text
        assert (await mona.api("GET", "queue")).status_code == 200
