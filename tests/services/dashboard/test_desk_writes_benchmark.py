"""What the benchmark of the desk's changes sends is what mentors do."""

from typing import Any

import httpx

from benchmarks.dashboard_writes import work_off

Fixture = Any


async def test_a_round_takes_gives_back_answers_remembers_and_keeps_words(world: Fixture, mona: Fixture) -> None:
    for learner in ("lena", "lars", "lola"):
        await world.escalate(learner)

    async def send(method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        answer: httpx.Response = await mona.api(method, path, json=body)
        answer.raise_for_status()
        return answer

    taken = await work_off(send, 1)
    times = {name: len(one.ms) for name, one in taken.items()}
    assert times == {"take": 3, "give_back": 1, "answer": 1, "remember": 1, "phrase": 1, "phrase_dropped": 1}
    assert all(ms > 0 for one in taken.values() for ms in one.ms)

    async def total(path: str) -> int:
        return int((await send("GET", path, None)).json()["total"])

    assert (await total("queue?state=answered"), await total("queue?state=waiting")) == (2, 1)
    assert await total("memory") == 1
    assert (await send("GET", "phrases", None)).json() == []
