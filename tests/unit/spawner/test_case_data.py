import hashlib
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from services.contracts.case import DataFile, LearnerCase, Quotas
from services.contracts.clients.cases import CasesClient
from services.contracts.errors import ServiceError
from spawner.data import BrokenData, CaseData, top_entries

CONTENT = b"day,price\n1,2.5\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def case(*files: tuple[str, str]) -> LearnerCase:
    data = tuple(DataFile(path=path, digest=digest, size=len(CONTENT)) for path, digest in files)
    return LearnerCase(
        id="sales",
        version="a" * 64,
        number=1,
        title="Sales",
        summary="",
        level="introductory",
        minutes=20,
        ai_mode="full",
        strictness="light",
        topics=(),
        quotas=Quotas(),
        subtasks=(),
        notebook={},
        data=data,
    )


class Service:
    """The case service over HTTP: content by digest, and how often each was asked for."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.contents, self.asked = contents, 0

    def client(self) -> CasesClient:
        return CasesClient(httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="http://cases"))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        content = self.contents.get(request.url.path.removeprefix("/data/"))
        if content is None:
            said = {"error": "data_not_found", "detail": "There is no such data.", "request_id": "r1"}
            return httpx.Response(404, json=said)
        return httpx.Response(200, content=content)


async def test_files_are_fetched_once_and_lie_read_only_where_the_case_has_them(tmp_path: Path) -> None:
    service = Service({DIGEST: CONTENT})
    data = CaseData(tmp_path, service.client())
    asked = case(("data/sales.csv", DIGEST), ("data/deep/again.csv", DIGEST))
    folder = await data.folder(asked)
    assert (folder / "data" / "sales.csv").read_bytes() == CONTENT
    assert (folder / "data" / "deep" / "again.csv").stat().st_mode & 0o777 == 0o400
    assert await data.folder(asked) == folder
    assert service.asked == 2


async def test_content_that_is_not_what_the_version_says_is_named_and_not_kept(tmp_path: Path) -> None:
    service = Service({DIGEST: CONTENT[:-1]})
    with pytest.raises(BrokenData, match=r"data/sales\.csv"):
        await CaseData(tmp_path, service.client()).folder(case(("data/sales.csv", DIGEST)))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    service.contents = {DIGEST: CONTENT}
    folder = await CaseData(tmp_path, service.client()).folder(case(("data/sales.csv", DIGEST)))
    assert (folder / "data" / "sales.csv").read_bytes() == CONTENT, "the next try works"


async def test_data_that_the_service_does_not_have_is_its_error(tmp_path: Path) -> None:
    with pytest.raises(ServiceError) as refused:
        await CaseData(tmp_path, Service({}).client()).folder(case(("data/sales.csv", DIGEST)))
    assert (refused.value.status, refused.value.error) == (404, "data_not_found")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_stands_at_the_top_is_a_folder_or_a_file() -> None:
    files = case(("data/a.csv", DIGEST), ("data/deep/b.csv", DIGEST), ("picture.png", DIGEST), ("./c.txt", DIGEST)).data
    assert top_entries(files) == {"c.txt": False, "data": True, "picture.png": False}
    assert top_entries(()) == {}


@pytest.mark.parametrize("path", ["../sales.csv", "data/../../sales.csv", "/etc/sales.csv", "."])
async def test_a_path_out_of_the_case_is_refused_before_anything_is_fetched(tmp_path: Path, path: str) -> None:
    service = Service({DIGEST: CONTENT})
    with pytest.raises(BrokenData, match="not a path inside"):
        await CaseData(tmp_path / "root", service.client()).folder(case((path, DIGEST)))
    assert service.asked == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
