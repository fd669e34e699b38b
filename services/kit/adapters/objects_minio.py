"""Objects in a bucket of MinIO, or of another server that speaks S3. The client blocks, so it works in threads."""

import asyncio
import hashlib
import io
import ssl
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, cast

import structlog
import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError, ProtocolError, ReadTimeoutError, SSLError

from services.kit.objects import ObjectDamaged, ObjectNotFound, ObjectStoreFailed, is_digest
from services.kit.settings import ObjectSettings

try:
    from minio import Minio
    from minio.error import MinioException, S3Error
except ImportError as missing:
    raise ObjectStoreFailed(
        f"production mode needs {missing.name}; install it: pip install --require-hashes -r requirements/production.txt"
    ) from missing

_log = structlog.get_logger(__name__)
_PART: Final = 256 * 1024
_UPLOADED: Final = 8 * 1024 * 1024
"""Bytes that one request uploads, and that are in memory at a time; S3 takes no less than 5 MiB."""
_LISTED: Final = 1_000
"""Digests fetched at a time; S3 gives no more."""
_IN_TROUBLE: Final = (500, 502, 503, 504)
_BACKOFF: Final = 0.2
"""Seconds before the second repetition; doubled for each further one."""
_LONGEST_BACKOFF: Final = 5.0
_WHAT_TO_DO: Final = {
    "AccessDenied": "it refuses; let this account read, write, list and delete in the bucket",
    "InvalidAccessKeyId": "it does not know the access key; see CASELOOP_OBJECTS_ACCESS_KEY",
    "NoSuchBucket": "there is no such bucket; a restart of the service makes it",
    "RequestTimeTooSkewed": "its clock and ours differ too much; set both right",
    "SignatureDoesNotMatch": "the secret key is not the access key's; see CASELOOP_OBJECTS_SECRET_KEY",
}


class MinioObjectStore:
    """Objects as `ab/cdef…` in one bucket, the names that they have in a folder.

    `drafts` is a folder of a local disk for streams on their way in: the address of an object is known at its end.
    """

    def __init__(self, settings: ObjectSettings, bucket: str, drafts: Path) -> None:
        """Raises `ObjectStoreFailed` when a setting is missing. The server is not asked yet."""
        self._endpoint = _required(settings.endpoint, "ENDPOINT")
        self._bucket = bucket
        self._drafts = drafts
        self._attempts = settings.attempts
        access_key, secret_key = _keys(settings)
        self._client = Minio(
            self._endpoint.removeprefix("https://"),
            access_key,
            secret_key,
            region=settings.region,
            http_client=_http(settings),
        )

    def prepare(self) -> None:
        """Make the bucket unless it is there; for the start, it blocks. Raises `ObjectStoreFailed`."""
        with self._translated("make the bucket", ""):
            if self._client.bucket_exists(self._bucket):
                return
            try:
                self._client.make_bucket(self._bucket)
            except S3Error as error:
                # Another process was faster, or our own repeated request was.
                if error.code != "BucketAlreadyOwnedByYou":
                    raise

    async def put(self, data: bytes | AsyncIterator[bytes], *, survives: bool = True) -> str:  # noqa: ARG002
        """As `ObjectStore.put`. The server answers when it has it for good."""
        if isinstance(data, bytes):
            digest = hashlib.sha256(data).hexdigest()
            await asyncio.to_thread(self._upload, digest, io.BytesIO(data), len(data))
            return digest
        with await asyncio.to_thread(self._draft) as draft:
            digest, size = await _write_parts(draft, data)
            await asyncio.to_thread(self._upload, digest, draft, size)
        return digest

    async def settle(self, digest: str) -> None:
        """As `ObjectStore.settle`: what is there is there for good."""

    async def get(self, digest: str) -> bytes:
        """As `ObjectStore.get`."""
        return await asyncio.to_thread(lambda: b"".join(self._read(digest)))

    async def open(self, digest: str) -> AsyncIterator[bytes]:
        """As `ObjectStore.open`."""
        parts = self._read(digest)
        try:
            while (part := await asyncio.to_thread(next, parts, None)) is not None:
                yield part
        finally:
            # When it is still in a thread, because we were cancelled, it is closed as soon as nobody has it.
            with suppress(ValueError):
                parts.close()

    async def exists(self, digest: str) -> bool:
        """As `ObjectStore.exists`."""
        return is_digest(digest) and await asyncio.to_thread(self._exists, digest)

    async def delete(self, digest: str) -> None:
        """As `ObjectStore.delete`."""
        if is_digest(digest):
            await asyncio.to_thread(self._delete, digest)

    async def digests(self) -> AsyncIterator[str]:
        """As `ObjectStore.digests`."""
        listed = self._listed()
        while some := await asyncio.to_thread(lambda: list(islice(listed, _LISTED))):
            for digest in some:
                yield digest

    def _draft(self) -> BinaryIO:
        """A file without a name: nothing of it is left, even when we are killed."""
        return cast("BinaryIO", tempfile.TemporaryFile(dir=self._drafts))

    def _upload(self, digest: str, data: BinaryIO, size: int) -> None:
        key = _key(digest)
        with self._translated("put", key):
            # Even when the object is there: replacing it mends one that a broken disk has damaged.
            self._client.put_object(
                self._bucket, key, data, size, part_size=_UPLOADED if size > _UPLOADED else 0, num_parallel_uploads=1
            )

    def _read(self, digest: str) -> Generator[bytes]:
        """Parts of the object, checked after the last one; goes on where a broken connection left off."""
        if not is_digest(digest):
            raise ObjectNotFound(digest)
        key, hasher, size, broken = _key(digest), hashlib.sha256(), 0, 0
        with self._translated("get", key, digest):
            while True:
                try:
                    for part in self._read_from(key, size):
                        hasher.update(part)
                        size += len(part)
                        yield part
                    break
                except (ProtocolError, ReadTimeoutError):
                    broken += 1
                    if broken >= self._attempts:
                        raise
        if hasher.hexdigest() != digest:
            raise ObjectDamaged(digest, f"{self._bucket}/{key} at {self._endpoint}")

    def _read_from(self, key: str, offset: int) -> Iterator[bytes]:
        response = self._client.get_object(self._bucket, key, offset)
        try:
            yield from response.stream(_PART)
        finally:
            response.close()
            response.release_conn()

    def _exists(self, digest: str) -> bool:
        try:
            with self._translated("look for", _key(digest), digest):
                self._client.stat_object(self._bucket, _key(digest))
        except ObjectNotFound:
            return False
        return True

    def _delete(self, digest: str) -> None:
        with self._translated("delete", _key(digest)):
            self._client.remove_object(self._bucket, _key(digest))

    def _listed(self) -> Iterator[str]:
        with self._translated("list", ""):
            for item in self._client.list_objects(self._bucket, recursive=True):
                folder, _, name = (item.object_name or "").partition("/")
                if len(folder) == 2 and is_digest(folder + name):
                    yield folder + name

    @contextmanager
    def _translated(self, purpose: str, key: str, digest: str = "") -> Iterator[None]:
        """Make the client's errors and the network's ours; with a digest, an object that is not there is not found."""
        try:
            yield
        except (MinioException, HTTPError) as error:
            if digest and isinstance(error, S3Error) and error.code == "NoSuchKey":
                raise ObjectNotFound(digest) from None
            reason = _reason(error)
            _log.warning("object store failed", purpose=purpose, bucket=self._bucket, key=key, reason=reason)
            place = f"{self._bucket}/{key}" if key else self._bucket
            raise ObjectStoreFailed(
                f"the object store at {self._endpoint} cannot {purpose} {place}: {reason}"
            ) from error


def _key(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:]}"


def _reason(error: Exception) -> str:
    """What is wrong and what to do; never the server's own words, which may repeat what it was sent."""
    cause = error.reason if isinstance(error, MaxRetryError) else error
    match cause:
        case SSLError():
            return "its certificate is not trusted; see CASELOOP_OBJECTS_CA"
        case S3Error():
            return _WHAT_TO_DO.get(cause.code or "", f"it says {cause.code}")
        case MinioException():
            return f"its answer is not S3's ({type(cause).__name__}); see CASELOOP_OBJECTS_ENDPOINT"
    return f"it does not answer ({type(cause).__name__}); is it running?"


def _http(settings: ObjectSettings) -> urllib3.PoolManager:
    """Connections that check the server and give up in time; no variable of the environment has a say."""
    if settings.ca is not None and not settings.ca.is_file():
        raise ObjectStoreFailed(
            f"CASELOOP_OBJECTS_CA={settings.ca} is no file; name the PEM file of the object store's own authority"
        )
    return urllib3.PoolManager(
        maxsize=16,
        ssl_context=ssl.create_default_context(cafile=settings.ca),
        timeout=urllib3.Timeout(connect=settings.timeout, read=settings.timeout),
        retries=urllib3.Retry(
            total=settings.attempts - 1,
            redirect=0,
            status_forcelist=_IN_TROUBLE,
            backoff_factor=_BACKOFF,
            backoff_max=_LONGEST_BACKOFF,
            # Requests are signed for one host, and it must not choose how long we wait.
            raise_on_redirect=False,
            raise_on_status=False,
            respect_retry_after_header=False,
        ),
    )


def _keys(settings: ObjectSettings) -> tuple[str, str]:
    """Access key and secret key."""
    access_key = settings.access_key
    secret_key = settings.secret_key.get_secret_value() if settings.secret_key else ""
    if settings.credentials is not None and not (access_key or secret_key):
        return _read_key(settings.credentials / "access-key"), _read_key(settings.credentials / "secret-key")
    return _required(access_key, "ACCESS_KEY"), _required(secret_key, "SECRET_KEY")


def _read_key(file: Path) -> str:
    try:
        key = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ObjectStoreFailed(
            f"{file} of CASELOOP_OBJECTS_CREDENTIALS cannot be read ({type(error).__name__})"
        ) from None
    if not key:
        raise ObjectStoreFailed(f"{file} of CASELOOP_OBJECTS_CREDENTIALS is empty")
    return key


def _required(value: str, name: str) -> str:
    if not value:
        raise ObjectStoreFailed(
            f"production mode needs CASELOOP_OBJECTS_{name}; docs/reference/settings.md says what it is"
        )
    return value


async def _write_parts(draft: BinaryIO, parts: AsyncIterator[bytes]) -> tuple[str, int]:
    """Fill the draft and rewind it; returns digest and size."""
    hasher, size = hashlib.sha256(), 0
    async for part in parts:
        hasher.update(part)
        size += len(part)
        await asyncio.to_thread(draft.write, part)
    await asyncio.to_thread(draft.seek, 0)
    return hasher.hexdigest(), size
