import asyncio
from collections.abc import Callable

import httpx
import pytest

from services.gateway.errors import HubUnavailable
from services.gateway.hub_users import (
    FAILED_SECONDS,
    FRESH_SECONDS,
    GRACE_SECONDS,
    RETRY_SECONDS,
    HubApiUsers,
)
from services.gateway.learner import Learner, roles_of
from services.gateway.rate_limit import MAX_BUCKETS, TokenBuckets


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def users_of(
    answer: Callable[[str], httpx.Response], time: Time, remembered: int = 100
) -> tuple[HubApiUsers, list[str]]:
    asked: list[str] = []

    async def handle(request: httpx.Request) -> httpx.Response:
        token = request.headers["Authorization"].removeprefix("token ")
        asked.append(token)
        await asyncio.sleep(0.001)
        return answer(token)

    http = httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://hub")
    return HubApiUsers(http, now=time, remembered=remembered), asked


def known(token: str) -> httpx.Response:
    return httpx.Response(200, json={"kind": "user", "name": f"owner of {token}", "groups": ["qa"], "scopes": []})


def unknown(_: str) -> httpx.Response:
    return httpx.Response(403)


def unreachable(_: str) -> httpx.Response:
    raise httpx.ConnectError("nobody listens")


class TestMemory:
    @pytest.mark.parametrize(("answer", "seconds"), [(known, FRESH_SECONDS), (unknown, FAILED_SECONDS)])
    async def test_an_answer_is_remembered_for_so_long_and_no_longer(
        self, answer: Callable[[str], httpx.Response], seconds: float
    ) -> None:
        time = Time()
        users, asked = users_of(answer, time)
        first = await users.user("t")
        time.now += seconds - 0.1
        assert await users.user("t") == first
        assert len(asked) == 1
        time.now += 0.2
        assert await users.user("t") == first
        assert len(asked) == 2

    async def test_a_revoked_token_is_refused_once_the_memory_fades(self) -> None:
        time, answers = Time(), iter([known, unknown])
        users, _ = users_of(lambda token: next(answers)(token), time)
        assert await users.user("t") is not None
        time.now += FRESH_SECONDS
        assert await users.user("t") is None

    @pytest.mark.parametrize("away", [lambda _: httpx.Response(503), unreachable])
    async def test_who_was_known_works_on_for_a_while_without_the_hub(
        self, away: Callable[[str], httpx.Response]
    ) -> None:
        time, up = Time(), [True]
        users, asked = users_of(lambda token: known(token) if up[0] else away(token), time)
        user = await users.user("t")
        up[0] = False
        time.now += FRESH_SECONDS
        assert await users.user("t") == await users.user("t") == user
        assert len(asked) == 2, "the Hub is not asked at every call"
        time.now += RETRY_SECONDS
        assert await users.user("t") == user
        assert len(asked) == 3
        time.now += GRACE_SECONDS - FRESH_SECONDS
        with pytest.raises(HubUnavailable):
            await users.user("t")
        up[0] = True
        assert await users.user("t") == user

    async def test_who_was_refused_stays_so_without_the_hub(self) -> None:
        time, answers = Time(), iter([unknown, unreachable])
        users, _ = users_of(lambda token: next(answers)(token), time)
        assert await users.user("t") is None
        time.now += FAILED_SECONDS
        with pytest.raises(HubUnavailable):
            await users.user("t")

    async def test_a_token_revoked_while_the_hub_was_away_is_refused_as_soon_as_it_is_back(self) -> None:
        time, answers = Time(), iter([known, unreachable, unknown])
        users, _ = users_of(lambda token: next(answers)(token), time)
        await users.user("t")
        time.now += FRESH_SECONDS
        assert await users.user("t") is not None
        time.now += RETRY_SECONDS
        assert await users.user("t") is None

    async def test_an_outage_is_not_remembered(self) -> None:
        answers = iter([lambda _: httpx.Response(502), known])
        users, _ = users_of(lambda token: next(answers)(token), Time())
        with pytest.raises(HubUnavailable, match="answered with status 502"):
            await users.user("t")
        assert await users.user("t") is not None

    async def test_one_token_is_never_taken_for_another(self) -> None:
        users, asked = users_of(known, Time())
        names = {(user.name if (user := await users.user(token)) else None) for token in ("a", "b", "a")}
        assert names == {"owner of a", "owner of b"}
        assert asked == ["a", "b"]

    async def test_it_is_bounded_and_forgets_the_oldest(self) -> None:
        users, asked = users_of(known, Time(), remembered=20)
        for n in range(30):
            await users.user(f"t{n}")
        assert len(users._remembered) == 20
        asked.clear()
        await users.user("t29")
        await users.user("t0")
        assert asked == ["t0"]

    async def test_tokens_themselves_are_not_kept(self) -> None:
        users, _ = users_of(known, Time())
        await users.user("very-secret-token")
        assert "very-secret-token" not in repr(vars(users)).replace("owner of very-secret-token", "")


class TestAsking:
    async def test_many_requests_at_once_ask_once(self) -> None:
        users, asked = users_of(known, Time())
        found = await asyncio.gather(*(users.user("t") for _ in range(20)))
        assert len(asked) == 1
        assert len(set(found)) == 1

    async def test_one_impatient_request_does_not_break_the_others(self) -> None:
        users, asked = users_of(known, Time())
        impatient = asyncio.create_task(users.user("t"))
        patient = asyncio.create_task(users.user("t"))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient is not None
        assert len(asked) == 1

    @pytest.mark.parametrize(
        "answer",
        [
            lambda _: httpx.Response(200, text="<html>"),
            lambda _: httpx.Response(200, json={"name": "ada"}),
            lambda _: httpx.Response(302, headers={"location": "http://evil.example"}),
            lambda _: httpx.Response(200, json=[]),
        ],
    )
    async def test_a_strange_answer_lets_nobody_in(self, answer: Callable[[str], httpx.Response]) -> None:
        users, _ = users_of(answer, Time())
        with pytest.raises(HubUnavailable):
            await users.user("t")

    async def test_a_service_is_no_user(self) -> None:
        users, _ = users_of(lambda _: httpx.Response(200, json={"kind": "service", "name": "ada"}), Time())
        assert await users.user("t") is None


class TestRoles:
    @pytest.mark.parametrize(
        ("groups", "role"),
        [((), "learner"), (("mentors",), "mentor"), (("admins", "qa"), "admin"), (("Admins", "admin"), "learner")],
    )
    def test_the_highest_counts_and_unknown_groups_do_not(self, groups: tuple[str, ...], role: str) -> None:
        assert Learner("ada", roles_of(groups), "numbers", "1" * 64).role == role


class TestTokenBuckets:
    def test_a_burst_then_a_steady_rate(self) -> None:
        time = Time()
        buckets = TokenBuckets(2, 3, now=time)
        assert [buckets.take("ada") for _ in range(4)] == [0, 0, 0, 0.5]
        time.now += 0.5
        assert buckets.take("ada") == 0
        assert buckets.take("ada") > 0

    def test_waiting_long_saves_no_more_than_a_burst(self) -> None:
        time = Time()
        buckets = TokenBuckets(2, 3, now=time)
        buckets.take("ada")
        time.now += 10_000
        assert [buckets.take("ada") > 0 for _ in range(4)] == [False, False, False, True]

    def test_learners_do_not_share(self) -> None:
        buckets = TokenBuckets(1, 1, now=Time())
        assert (buckets.take("ada"), buckets.take("bob")) == (0, 0)

    def test_memory_is_bounded(self) -> None:
        buckets = TokenBuckets(1, 1, now=Time())
        for n in range(MAX_BUCKETS + 50):
            buckets.take(str(n))
        assert len(buckets._buckets) == MAX_BUCKETS
