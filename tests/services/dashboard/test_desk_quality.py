"""The QA pages' calls at the desk: who gets in, in whose name, and that QA gets nothing of what mentors have."""

from typing import Any

import pytest

from evaluation.judge.labels import LABELS, read_labels
from tests.services.dashboard.hub_double import MENTOR, QA
from tests.services.evaluation.judged_home import AFTER, BEFORE, make_home

Fixture = Any
MENTORS = ("queue", "memory", "phrases", "measures", "cases", "class?case=numbers", "uploads")


@pytest.fixture
async def quinn(world: Fixture) -> Fixture:
    """Somebody from QA who is signed in."""
    make_home(world.home / "eval", size=2)
    browser = world.browser()
    await browser.sign_in("quinn")
    return browser


async def test_qa_sits_down_and_sees_runs_samples_and_a_comparison(quinn: Fixture) -> None:
    assert (await quinn.api("GET", "me")).json()["roles"] == ["qa"]
    page = (await quinn.api("GET", "runs?suite=shipped&limit=1")).json()
    assert [run["id"] for run in page["items"]] == [AFTER]
    assert (await quinn.api("GET", f"runs/{AFTER}")).json()["contaminated"] == 1
    path = f"runs/{AFTER}/samples?failed=verdict&against={BEFORE}&changed=true"
    [line] = (await quinn.api("GET", path)).json()["items"]
    assert line["effect"] == "broken"
    shown = (await quinn.api("GET", f"runs/{AFTER}/sample", params={"id": line["id"], "against": BEFORE})).json()
    assert shown["before"]["verdict"] == "approved"
    assert (await quinn.api("GET", f"runs/{AFTER}/exchanges", params={"id": line["id"]})).json()
    compared = await quinn.api("GET", f"comparison?before={BEFORE}&after={AFTER}")
    assert compared.json()["outcome"] == "worse"


async def test_a_label_is_given_in_the_persons_own_name_and_by_the_page_only(quinn: Fixture, world: Fixture) -> None:
    [item, *_] = (await quinn.api("GET", f"runs/{AFTER}/labels")).json()["items"]
    body = {"item": item["item"], "answer": "no", "note": "Not so."}
    for headers in ({"X-XSRFToken": "made up"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await quinn.api("POST", f"runs/{AFTER}/labels", json=body, headers=headers)).status_code == 403
    assert not (world.home / "eval" / LABELS).exists()
    answer = await quinn.api("POST", f"runs/{AFTER}/labels", json=body)
    assert (answer.status_code, answer.json()["by"]) == (201, "quinn")
    [kept] = read_labels(world.home / "eval" / LABELS)
    assert (kept.by, kept.answer, kept.note) == ("quinn", "no", "Not so.")
    forged = await quinn.api("POST", f"runs/{AFTER}/labels", json={**body, "by": "ada"})
    assert forged.status_code == 422


@pytest.mark.parametrize("path", ["runs", f"runs/{AFTER}", f"runs/{AFTER}/labels", f"runs/{AFTER}/sample?id=x"])
async def test_a_mentor_gets_nothing_of_it(mona: Fixture, path: str) -> None:
    answer = await mona.api("GET", path)
    assert (answer.status_code, answer.json()["error"]) == (403, "not_qa")


@pytest.mark.parametrize("path", MENTORS)
async def test_qa_gets_nothing_of_what_mentors_and_admins_have(quinn: Fixture, path: str) -> None:
    answer = await quinn.api("GET", path)
    assert (answer.status_code, answer.json()["error"]) == (403, "not_a_mentor")


async def test_an_admin_has_both_and_so_has_whoever_has_both_roles(world: Fixture) -> None:
    make_home(world.home / "eval", size=1)
    world.hub.people["tess"] = (*MENTOR, *QA)
    for person in ("root", "tess"):
        browser = world.browser()
        await browser.sign_in(person)
        assert (await browser.api("GET", "runs")).status_code == 200
        assert (await browser.api("GET", "queue")).status_code == 200


async def test_a_run_that_is_gone_is_said_in_words_and_nothing_of_the_disk(quinn: Fixture, world: Fixture) -> None:
    answer = await quinn.api("GET", "runs/never-ran")
    assert (answer.status_code, answer.json()["error"]) == (404, "run_not_found")
    assert str(world.home) not in answer.text
