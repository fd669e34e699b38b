"""What every object store promises; a new adapter is added to `STORES`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.objects import ObjectDamaged, ObjectNotFound, ObjectStore

STORES: dict[str, Callable[[Path], ObjectStore]] = {
    "directory": lambda folder: DirectoryObjectStore(folder / "objects")
}
ABSENT = hashlib.sha256(b"never put").hexdigest()


@pytest.fixture(params=STORES)
def make_store(request, tmp_path: Path) -> Callable[[], ObjectStore]:
    """Opens the same store each time it is called, as another process would."""
    return lambda: STORES[request.param](tmp_path)


@pytest.fixture
def store(make_store) -> ObjectStore:
    return make_store()


async def parts(*data: bytes) -> AsyncIterator[bytes]:
    for part in data:
        yield part


async def collected(items: AsyncIterator) -> list:
    return [item async for item in items]


@pytest.mark.parametrize("data", [b"", b"x", b"\x00\xff" * 700_000], ids=["empty", "small", "large"])
async def test_what_was_put_comes_back_under_its_sha256(store, data):
    digest = await store.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert await store.get(digest) == data
    assert b"".join(await collected(store.open(digest))) == data
    assert await store.exists(digest)


async def test_parts_are_put_as_one_object(store):
    digest = await store.put(parts(b"ab", b"", b"cd"))
    assert await store.get(digest) == b"abcd"
    assert digest == await store.put(b"abcd")
    assert await collected(store.digests()) == [digest]


async def test_a_source_that_breaks_off_leaves_nothing(store):
    async def breaking() -> AsyncIterator[bytes]:
        yield b"first"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        await store.put(breaking())
    assert await collected(store.digests()) == []


async def test_putting_the_same_at_once_keeps_one(store):
    digests = await asyncio.gather(*(store.put(b"same" * 10_000) for _ in range(20)))
    assert len(set(digests)) == 1
    assert await collected(store.digests()) == [digests[0]]
    assert await store.get(digests[0]) == b"same" * 10_000


@pytest.mark.parametrize(
    "digest", [ABSENT, "", "../../etc/passwd", "A" * 64, ABSENT + "\n", "a" * 63, "ab/" + "c" * 61]
)
async def test_an_unknown_or_impossible_digest_is_not_found(store, digest):
    with pytest.raises(ObjectNotFound):
        await store.get(digest)
    with pytest.raises(ObjectNotFound):
        await collected(store.open(digest))
    assert not await store.exists(digest)
    await store.delete(digest)


async def test_a_deleted_object_is_gone_and_can_come_back(store):
    digest, other = await store.put(b"one"), await store.put(b"other")
    await store.delete(digest)
    await store.delete(digest)
    assert not await store.exists(digest)
    assert await collected(store.digests()) == [other]
    assert await store.put(b"one") == digest
    assert await store.get(digest) == b"one"


async def test_another_opening_of_the_store_sees_the_same_objects(make_store):
    digest = await make_store().put(b"kept")
    assert await make_store().get(digest) == b"kept"


async def test_many_objects_are_all_listed(store):
    digests = {await store.put(bytes([i])) for i in range(100)}
    assert set(await collected(store.digests())) == digests


class TestDirectory:
    """Promises of the directory adapter alone."""

    async def test_a_damaged_object_is_never_answered_and_putting_it_again_mends_it(self, tmp_path):
        store = DirectoryObjectStore(tmp_path)
        digest = await store.put(b"good")
        (tmp_path / digest[:2] / digest[2:]).write_bytes(b"bad")
        with pytest.raises(ObjectDamaged):
            await store.get(digest)
        with pytest.raises(ObjectDamaged):
            await collected(store.open(digest))
        await store.put(b"good")
        assert await store.get(digest) == b"good"

    async def test_drafts_of_a_killed_process_and_foreign_files_are_no_objects(self, tmp_path):
        store = DirectoryObjectStore(tmp_path)
        (tmp_path / "drafts" / ("a" * 32)).write_bytes(b"half")
        (tmp_path / "README").write_text("hello")
        (tmp_path / "ab").mkdir()
        (tmp_path / "ab" / "notes.txt").touch()
        assert await collected(store.digests()) == []

    async def test_nobody_else_may_read_the_files(self, tmp_path):
        store = DirectoryObjectStore(tmp_path)
        digest = await store.put(b"private")
        assert (tmp_path / digest[:2] / digest[2:]).stat().st_mode & 0o077 == 0
        assert (tmp_path / digest[:2]).stat().st_mode & 0o077 == 0
