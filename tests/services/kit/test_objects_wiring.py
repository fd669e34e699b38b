"""Which object store a service gets, and what production tells whoever starts it wrong."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.errors import install_error_handlers
from services.kit.objects import ObjectStoreFailed
from services.kit.wiring import open_objects
from tests.s3_server import S3Server, running
from vault.errors import VaultError


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[S3Server]:
    yield from running(tmp_path_factory.mktemp("s3"))


@pytest.fixture
def production(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.variables().items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("production")
async def test_production_keeps_each_services_objects_in_its_bucket(tmp_path, monkeypatch):
    progress = open_objects("production", "progress", tmp_path / "home" / "progress")
    cases = open_objects("production", "cases", tmp_path / "home" / "cases")
    digest = await progress.put(b"a submission")
    assert not await cases.exists(digest)
    monkeypatch.setenv("CASELOOP_OBJECTS_BUCKET_PREFIX", "another-school")
    another = open_objects("production", "progress", tmp_path / "home" / "progress")
    assert not await another.exists(digest)
    monkeypatch.delenv("CASELOOP_OBJECTS_BUCKET_PREFIX")
    again = open_objects("production", "progress", tmp_path / "home" / "progress")
    assert await again.get(digest) == b"a submission"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.usefixtures("production")
def test_streams_wait_where_nobody_else_looks(tmp_path):
    open_objects("production", "cases", tmp_path / "home" / "objects")
    assert (tmp_path / "home" / "objects").stat().st_mode & 0o077 == 0
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(VaultError, match="open to other users"):
        open_objects("production", "cases", tmp_path / "open")


def test_production_without_a_server_says_which_setting_is_missing(tmp_path):
    with pytest.raises(ObjectStoreFailed, match="production mode needs CASELOOP_OBJECTS_ENDPOINT"):
        open_objects("production", "cases", tmp_path / "home" / "objects")


async def test_embedded_keeps_files(tmp_path):
    store = open_objects("embedded", "cases", tmp_path / "objects")
    assert isinstance(store, DirectoryObjectStore)
    digest = await store.put(b"x")
    assert (tmp_path / "objects" / digest[:2] / digest[2:]).read_bytes() == b"x"


def test_the_secret_key_is_not_shown(server):
    settings = server.settings()
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_a_caller_reads_that_it_may_pass_and_nothing_of_our_machines():
    app = FastAPI()
    install_error_handlers(app)

    @app.get("/kept")
    async def kept() -> None:
        raise ObjectStoreFailed("the object store at https://minio:9000 cannot get caseloop-progress/ab/cd")

    answer = TestClient(app).get("/kept")
    assert answer.status_code == 503
    assert answer.json()["error"] == "storage_unavailable"
    assert "minio" not in answer.text
