"""What every object store promises; a new adapter is added to `STORES`."""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from minio.commonconfig import CopySource

from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.adapters.objects_minio import MinioObjectStore
from services.kit.objects import ObjectDamaged, ObjectNotFound, ObjectStore, ObjectStoreFailed
from services.kit.settings import ObjectSettings
from tests.s3_server import S3Server, breaks_off, pages_of, real_settings, running, says

ABSENT = hashlib.sha256(b"never put").hexdigest()
REAL = real_settings()


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[S3Server]:
    yield from running(tmp_path_factory.mktemp("s3"))


@pytest.fixture
def bucket() -> str:
    """Of this test alone; a real server keeps it afterwards."""
    return f"test-{secrets.token_hex(8)}"


def in_bucket(settings: ObjectSettings, bucket: str, drafts: Path) -> MinioObjectStore:
    store = MinioObjectStore(settings, bucket, drafts)
    store.prepare()
    return store


STORES: dict[str, Callable[[S3Server, str, Path], ObjectStore]] = {
    "directory": lambda _, __, folder: DirectoryObjectStore(folder / "objects"),
    "s3 server": lambda server, bucket, folder: in_bucket(server.settings(), bucket, folder),
}
if REAL is not None:
    STORES["minio"] = lambda _, bucket, folder: in_bucket(REAL, bucket, folder)


@pytest.fixture(params=STORES)
def make_store(request, server: S3Server, bucket: str, tmp_path: Path) -> Callable[[], ObjectStore]:
    """Opens the same store each time it is called, as another process would."""
    return lambda: STORES[request.param](server, bucket, tmp_path)


@pytest.fixture
def store(make_store) -> ObjectStore:
    return make_store()


async def parts(*data: bytes) -> AsyncIterator[bytes]:
    for part in data:
        yield part


async def collected(items: AsyncIterator) -> list:
    return [item async for item in items]


@pytest.mark.parametrize("data", [b"", b"x", b"\x00\xff" * 4_500_000], ids=["empty", "small", "large"])
async def test_what_was_put_comes_back_under_its_sha256(store, data):
    digest = await store.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert await store.get(digest) == data
    assert b"".join(await collected(store.open(digest))) == data
    assert await store.exists(digest)


async def test_what_need_not_survive_a_power_cut_yet_is_there_all_the_same(make_store):
    digest = await make_store().put(b"cells", survives=False)
    assert await make_store().get(digest) == b"cells"
    assert await make_store().put(b"cells", survives=False) == digest
    await make_store().settle(digest)
    assert await make_store().put(parts(b"a ", b"stream"), survives=False) == hashlib.sha256(b"a stream").hexdigest()
    assert await collected(make_store().digests()) == sorted({digest, hashlib.sha256(b"a stream").hexdigest()})


@pytest.mark.parametrize("digest", [ABSENT, "", "../../etc/passwd"])
async def test_what_is_not_there_is_settled_at_once(store, digest):
    await store.settle(digest)
    assert await collected(store.digests()) == []


async def test_parts_are_put_as_one_object(store):
    digest = await store.put(parts(b"ab", b"", b"cd"))
    assert await store.get(digest) == b"abcd"
    assert digest == await store.put(b"abcd")
    assert await collected(store.digests()) == [digest]


async def test_a_long_stream_is_one_object(store):
    digest = await store.put(parts(*(bytes([i]) * 1_000_000 for i in range(9))))
    data = b"".join(bytes([i]) * 1_000_000 for i in range(9))
    assert digest == hashlib.sha256(data).hexdigest()
    assert await store.get(digest) == data
    assert b"".join(await collected(store.open(digest))) == data


async def test_a_reader_that_stops_early_is_in_nobodys_way(store):
    digest = await store.put(b"\x01" * 3_000_000)
    opened = store.open(digest)
    assert await anext(opened)
    await opened.aclose()
    assert await store.get(digest) == b"\x01" * 3_000_000


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

    async def test_the_disk_is_waited_for_when_an_object_is_to_survive_and_else_when_it_is_settled(
        self, tmp_path, synced
    ):
        store = DirectoryObjectStore(tmp_path)
        whole = [tmp_path.name]
        kept = await store.put(b"kept")
        assert synced == ["a draft", kept[:2], *whole]
        synced.clear()
        lent = await store.put(b"lent", survives=False)
        assert synced == []
        await store.settle(lent)
        assert synced == [lent[2:], lent[:2], *whole]

    async def test_what_is_on_the_disk_is_not_replaced_by_what_is_not(self, tmp_path, synced, monkeypatch):
        store = DirectoryObjectStore(tmp_path)
        digest = await store.put(b"kept")
        synced.clear()
        await store.put(b"kept", survives=False)
        assert synced == ["a draft", digest[:2]]
        # Another process was faster, after it was looked for.
        monkeypatch.setattr(Path, "exists", lambda _: False)
        assert await store.put(b"kept", survives=False) == digest
        assert await store.get(digest) == b"kept"
        assert list((tmp_path / "drafts").iterdir()) == []

    @pytest.fixture
    def synced(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The names of what was brought to the disk."""
        names: list[str] = []
        fsync = os.fsync

        def seen(descriptor: int) -> None:
            path = Path(f"/proc/self/fd/{descriptor}").readlink()
            names.append("a draft" if path.parent.name == "drafts" else path.name)
            fsync(descriptor)

        monkeypatch.setattr(os, "fsync", seen)
        return names

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


class TestBucket:
    """Promises of the adapter for S3 alone."""

    @pytest.fixture
    def store(self, server: S3Server, bucket: str, tmp_path: Path) -> Iterator[MinioObjectStore]:
        yield in_bucket(server.settings(), bucket, tmp_path)
        server.faults.clear()

    @pytest.fixture
    def asked(self, server: S3Server, store: MinioObjectStore) -> list[str]:
        """What the server is asked from now on."""
        server.asked.clear()
        return server.asked

    async def test_services_do_not_see_each_others_objects(self, store, server, tmp_path):
        other = in_bucket(server.settings(), f"test-{secrets.token_hex(8)}", tmp_path)
        digest = await store.put(b"mine")
        assert not await other.exists(digest)
        assert await collected(other.digests()) == []

    async def test_the_bucket_is_made_once_and_may_be_made_by_somebody_faster(self, store, server, asked):
        store.prepare()
        assert asked == ["HEAD"]
        server.faults[:] = [says("404 Not Found", "NoSuchBucket"), says("409 Conflict", "BucketAlreadyOwnedByYou")]
        store.prepare()
        assert not server.faults

    async def test_an_object_that_was_changed_is_never_answered_and_putting_it_again_mends_it(self, store, bucket):
        digest = await store.put(b"good")
        store._client.copy_object(bucket, f"{digest[:2]}/{digest[2:]}", await self._other(store, bucket))
        with pytest.raises(ObjectDamaged, match=f"{bucket}/{digest[:2]}/"):
            await store.get(digest)
        with pytest.raises(ObjectDamaged):
            await collected(store.open(digest))
        await store.put(b"good")
        assert await store.get(digest) == b"good"

    async def _other(self, store: MinioObjectStore, bucket: str) -> CopySource:
        other = await store.put(b"bad")
        return CopySource(bucket, f"{other[:2]}/{other[2:]}")

    async def test_a_download_goes_on_where_the_connection_broke(self, store, server, asked):
        data = bytes(range(256)) * 4_000
        digest = await store.put(data)
        asked.clear()
        server.faults[:] = [breaks_off(600_000), breaks_off(300_000)]
        assert await store.get(digest) == data
        assert asked == ["GET", "GET bytes=524288-", "GET bytes=786432-"]

    async def test_a_connection_that_breaks_each_time_is_given_up(self, store, server, asked):
        digest = await store.put(b"x" * 1_000)
        asked.clear()
        server.faults[:] = [breaks_off(10) for _ in range(20)]
        with pytest.raises(ObjectStoreFailed, match="does not answer"):
            await store.get(digest)
        assert len(asked) == 3

    async def test_a_server_in_trouble_is_asked_again_and_not_for_ever(self, store, server, asked):
        server.faults[:] = [says("503 Slow Down", "SlowDown")] * 2
        digest = await store.put(b"kept after all")
        assert await store.get(digest) == b"kept after all"
        asked.clear()
        server.faults[:] = [says("503 Slow Down", "SlowDown")] * 20
        with pytest.raises(ObjectStoreFailed, match="it says SlowDown"):
            await store.get(digest)
        assert len(asked) == 3

    @pytest.mark.parametrize(
        ("status", "code", "said"),
        [
            ("403 Forbidden", "AccessDenied", "let this account read, write, list and delete"),
            ("403 Forbidden", "InvalidAccessKeyId", "see CASELOOP_OBJECTS_ACCESS_KEY"),
            ("403 Forbidden", "SignatureDoesNotMatch", "see CASELOOP_OBJECTS_SECRET_KEY"),
            ("404 Not Found", "NoSuchBucket", "there is no such bucket"),
            ("400 Bad Request", "", "its answer is not S3's"),
        ],
    )
    async def test_errors_say_where_and_what_to_do_and_no_secret(
        self, store, server, bucket, status, code, said, capsys
    ):
        for ask in (store.get(ABSENT), store.put(b"x")):
            server.faults[:] = [says(status, code)]
            with pytest.raises(ObjectStoreFailed, match=said) as caught:
                await ask
            assert f"{bucket}/" in str(caught.value)
            assert caught.value.status == 503
            assert bucket not in caught.value.detail
            assert "hunter2" not in str(caught.value) + repr(caught.value)
        assert "hunter2" not in capsys.readouterr().out

    async def test_a_failing_upload_leaves_nothing(self, store, server, tmp_path):
        server.faults[:] = [says("403 Forbidden", "AccessDenied")]
        with pytest.raises(ObjectStoreFailed):
            await store.put(parts(b"a", b"b"))
        assert await collected(store.digests()) == []
        assert [path.name for path in tmp_path.iterdir()] == []

    async def test_an_upload_in_parts_that_fails_in_the_middle_leaves_nothing(self, store, server, asked, bucket):
        server.faults[:] = [lambda answer: answer, lambda answer: answer, says("403 Forbidden", "AccessDenied")]
        with pytest.raises(ObjectStoreFailed):
            await store.put(b"x" * 9_000_000)
        assert asked == ["POST", "PUT", "PUT", "DELETE"]
        assert await collected(store.digests()) == []

    async def test_a_refusal_is_not_taken_for_an_object_that_is_not_there(self, store, server):
        server.faults[:] = [says("403 Forbidden", "AccessDenied")]
        with pytest.raises(ObjectStoreFailed):
            await store.exists(ABSENT)

    async def test_foreign_objects_are_none_of_ours(self, store, bucket, tmp_path):
        for name in ("README", "ab/notes.txt", "a/" + "b" * 63, "x/" + ABSENT[:2] + "/" + ABSENT[2:]):
            (tmp_path / "foreign").write_bytes(b"hello")
            store._client.fput_object(bucket, name, str(tmp_path / "foreign"))
        assert await collected(store.digests()) == []

    async def test_more_objects_than_one_page_are_all_listed(self, store, server, asked):
        digests = {await store.put(bytes([i])) for i in range(25)}
        asked.clear()
        server.faults[:] = [pages_of(10)] * 3
        assert set(await collected(store.digests())) == digests
        assert asked == ["GET"] * 3

    def test_a_server_that_is_not_trusted_or_not_there_stops_the_start(self, server, bucket, tmp_path):
        stranger = S3Server(tmp_path / "stranger")
        stranger.stop()
        with pytest.raises(ObjectStoreFailed, match="not trusted; see CASELOOP_OBJECTS_CA"):
            MinioObjectStore(server.settings(ca=stranger.ca, attempts=1), bucket, tmp_path).prepare()
        with pytest.raises(ObjectStoreFailed, match="not trusted; see CASELOOP_OBJECTS_CA"):
            MinioObjectStore(server.settings(ca=None, attempts=1), bucket, tmp_path).prepare()
        with pytest.raises(ObjectStoreFailed, match=r"make the bucket test-.*does not answer"):
            MinioObjectStore(stranger.settings(attempts=1), bucket, tmp_path).prepare()

    def test_keys_may_come_from_files(self, server, bucket, tmp_path):
        (tmp_path / "access-key").write_text("reader\n")
        from_files = server.settings(access_key="", secret_key="", credentials=tmp_path)
        with pytest.raises(ObjectStoreFailed, match="secret-key of CASELOOP_OBJECTS_CREDENTIALS cannot be read"):
            MinioObjectStore(from_files, bucket, tmp_path)
        (tmp_path / "secret-key").write_text("\n")
        with pytest.raises(ObjectStoreFailed, match="secret-key of CASELOOP_OBJECTS_CREDENTIALS is empty"):
            MinioObjectStore(from_files, bucket, tmp_path)
        (tmp_path / "secret-key").write_text("hunter2-hunter2\n")
        in_bucket(from_files, bucket, tmp_path)

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"endpoint": ""}, "CASELOOP_OBJECTS_ENDPOINT"),
            ({"access_key": ""}, "CASELOOP_OBJECTS_ACCESS_KEY"),
            ({"secret_key": ""}, "CASELOOP_OBJECTS_SECRET_KEY"),
            ({"ca": "nowhere.pem"}, "CASELOOP_OBJECTS_CA=nowhere.pem"),
        ],
    )
    def test_a_setting_that_is_missing_is_named(self, server, tmp_path, changed, named):
        with pytest.raises(ObjectStoreFailed, match=named):
            MinioObjectStore(server.settings(**changed), "any", tmp_path)

    def test_learners_work_never_travels_in_the_open(self, server):
        with pytest.raises(ValueError, match="endpoint"):
            server.settings(endpoint="http://minio:9000")
