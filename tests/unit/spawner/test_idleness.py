"""What counts as idle, and for how long."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from spawner.idleness import IdleLimits, Signs, UnreadableSigns, read_signs

NOW = datetime(2026, 11, 26, 18, 0, tzinfo=UTC)
LIMITS = IdleLimits(idle=timedelta(hours=8), in_use=timedelta(hours=48))


def ago(hours: float, in_use: str = "") -> Signs:
    return Signs(NOW - timedelta(hours=hours), in_use)


@pytest.mark.parametrize(
    ("signs", "ended"),
    [
        (ago(0), False),
        (ago(7.9), False),
        (ago(8), True),
        (ago(8, "a kernel is busy"), False),
        (ago(47.9, "a page is open"), False),
        (ago(48, "a kernel is busy"), True),
        (ago(-1000), False),  # a learner's server may say anything
    ],
)
def test_one_that_is_in_use_is_spared_for_the_longer_limit(signs: Signs, ended: bool) -> None:
    assert bool(LIMITS.exceeded(signs, NOW)) is ended


def test_zero_is_for_ever() -> None:
    never = IdleLimits(timedelta(0), timedelta(hours=1))
    assert never.exceeded(ago(10_000), NOW) == ""
    assert never.exceeded(ago(10_000, "a page is open"), NOW) == ""
    spared = IdleLimits(timedelta(hours=1), timedelta(0))
    assert spared.exceeded(ago(10_000, "a kernel is busy"), NOW) == ""
    assert spared.exceeded(ago(1), NOW)


def test_the_longer_limit_is_never_the_shorter_one() -> None:
    crossed = IdleLimits(timedelta(hours=8), timedelta(hours=1))
    assert crossed.exceeded(ago(7, "a page is open"), NOW) == ""
    assert crossed.exceeded(ago(8, "a page is open"), NOW)


def test_the_log_is_told_why() -> None:
    assert LIMITS.exceeded(ago(8.5), NOW) == "there was no activity for 8:30:00"
    assert LIMITS.exceeded(ago(50, "a page is open"), NOW).endswith("2 days, 2:00:00, although a page is open")


def test_a_look_costs_little_where_limits_are_long_and_comes_in_time_where_they_are_short() -> None:
    assert LIMITS.pause == timedelta(minutes=5)
    assert IdleLimits(timedelta(minutes=10), timedelta(0)).pause == timedelta(minutes=1)


def kernel(state: str, connections: int = 0) -> dict[str, Any]:
    return {"id": "k", "name": "python3", "execution_state": state, "connections": connections}


@pytest.mark.parametrize(
    ("kernels", "in_use"),
    [
        ([], ""),
        ([kernel("idle")], ""),
        ([kernel("dead"), kernel("starting")], ""),
        ([kernel("idle"), kernel("busy")], "a kernel is busy"),
        ([kernel("idle", 1)], "a page is open"),
        ([kernel("busy", 2)], "a kernel is busy"),
    ],
)
def test_use_is_read_from_the_kernels(kernels: list[dict[str, Any]], in_use: str) -> None:
    status = json.dumps({"started": "2026-11-26T09:00:00Z", "last_activity": "2026-11-26T17:00:00.5Z", "kernels": 1})
    signs = read_signs(status.encode(), json.dumps(kernels).encode())
    assert signs == Signs(datetime(2026, 11, 26, 17, 0, 0, 500_000, tzinfo=UTC), in_use)


@pytest.mark.parametrize(
    ("status", "kernels"),
    [
        ("", "[]"),
        ("{}", "[]"),
        ('{"last_activity": "yesterday"}', "[]"),
        ('{"last_activity": "2026-11-26T17:00:00"}', "[]"),
        ('{"last_activity": "2026-11-26T17:00:00Z"}', "{}"),
        ('{"last_activity": "2026-11-26T17:00:00Z"}', '[{"execution_state": "idle"}]'),
        ('{"last_activity": "2026-11-26T17:00:00Z"}', "[" * 100_000),
    ],
)
def test_what_no_jupyter_server_says_is_no_sign(status: str, kernels: str) -> None:
    with pytest.raises(UnreadableSigns):
        read_signs(status.encode(), kernels.encode())
