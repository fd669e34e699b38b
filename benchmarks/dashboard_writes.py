"""What mentors change at the desk, one thing after the other, as their pages send it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

Send = Callable[[str, str, dict[str, Any] | None], Awaitable[httpx.Response]]
"""Sends (method, path below the desk's API, JSON body)."""
WRITES: Final = ("take", "give_back", "answer", "remember", "phrase", "phrase_dropped")
_ANSWER: Final = "Look at the last row of what you have read, and at what the task says of it. " * 5


@dataclass
class Taken:
    """How long a kind of change took each time."""

    ms: list[float] = field(default_factory=list)
    computed_ms: list[float] = field(default_factory=list)
    """Of the processor, by all that runs in this process."""


async def work_off(send: Send, rounds: int) -> dict[str, Taken]:
    """Work the queue off: each round takes a question and gives it back, answers one, and answers and remembers one.

    Then words come into the comment bank and leave it. The most urgent question is taken each time, as the desk's
    button does it; so one that was given back is the next that is answered.
    """
    taken = {name: Taken() for name in WRITES}

    async def timed(name: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        began, computing = time.perf_counter(), time.process_time()
        answer = await send(method, path, body)
        taken[name].ms.append((time.perf_counter() - began) * 1e3)
        taken[name].computed_ms.append((time.process_time() - computing) * 1e3)
        return answer.json() if answer.content else None

    async def take() -> str:
        return str((await timed("take", "POST", "queue/next"))["item"]["id"])

    for number in range(rounds):
        await timed("give_back", "DELETE", f"queue/{await take()}/lease")
        said = {"text": f"{number}: {_ANSWER}"}
        await timed("answer", "POST", f"queue/{await take()}/answer", said)
        await timed("remember", "POST", f"queue/{await take()}/answer", said | {"remember": True})
        phrase = await timed("phrase", "POST", "phrases", {"text": f"Which rows did you count in {number}?"})
        await timed("phrase_dropped", "DELETE", f"phrases/{phrase['id']}")
    return taken
