"""What every Cache does."""

import asyncio
import stat
from pathlib import Path

import pytest

from feedback.adapters.cache_directory import DirectoryCache
from feedback.ports import Cache

KEY = "0a" * 32


@pytest.fixture(params=["directory"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Cache:
    return {"directory": DirectoryCache}[request.param](tmp_path / "baselines")


async def test_what_was_never_put_is_not_there(cache: Cache) -> None:
    assert await cache.get(KEY) is None


async def test_what_was_put_comes_back_and_the_last_wins(cache: Cache) -> None:
    await cache.put(KEY, b"one")
    await cache.put("0b" * 32, b"other")
    await cache.put(KEY, b"two")
    assert (await cache.get(KEY), await cache.get("0b" * 32)) == (b"two", b"other")


async def test_many_at_once_leave_one_whole_value(cache: Cache) -> None:
    values = [bytes([n]) * 100_000 for n in range(20)]
    await asyncio.gather(*(cache.put(KEY, value) for value in values))
    assert await cache.get(KEY) in values


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "0a" * 31, "0A" * 32, f"{KEY}\n", "g" * 64])
async def test_only_a_key_of_64_hex_digits_is_a_key(cache: Cache, key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        await cache.put(key, b"x")
    with pytest.raises(ValueError, match="no key"):
        await cache.get(key)


async def test_what_the_reference_computed_is_open_to_nobody_else(tmp_path: Path) -> None:
    await DirectoryCache(tmp_path / "b").put(KEY, b"x")
    (file,) = (tmp_path / "b").rglob("*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list((tmp_path / "b").rglob(".new-*"))
