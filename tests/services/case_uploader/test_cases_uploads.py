"""Uploads: parts, resuming, durable work, turns. Over real SQLite, real files and a real killed process."""

import asyncio
import hashlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from case_uploader.app import create_app
from case_uploader.steps import STEP, Again, Passed, Published, Queueing, Rejected, Trying
from case_uploader.uploads.packing import pack
from case_uploader.wiring import open_authoring, open_backends, open_office, reading_service
from services.contracts.clients.authoring import AuthoringClient
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.clients.regrading import RegradingClient
from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import Role
from services.contracts.upload import CompleteUpload, OpenUpload, UploadView
from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.app import running
from services.kit.database import Database
from services.kit.http import in_process_client
from services.kit.scope import ScopeMinter, ScopeVerifier
from services.kit.settings import Settings
from services.progress.app import create_app as create_progress
from tests.services.case_uploader.conftest import ScriptedFeedback
from tests.services.case_uploader.upload_worker import QUICK

KEY = Ed25519PrivateKey.generate()
MINTER, VERIFIER = ScopeMinter(KEY), ScopeVerifier(KEY.public_key())
APPROVED = Feedback(verdict=Verdict.APPROVED, headline="Fine.")


def scope(role: Role = Role.ADMIN, user: str = "ada") -> str:
    return MINTER.mint(user=user, role=role, case="*", case_version="*")


@pytest.fixture(autouse=True)
def quiet():
    """Pictures of tracebacks cost seconds, and nobody looks at them."""
    with structlog.testing.capture_logs():
        yield


class Desk:
    """The service as the dashboard's door sees it."""

    def __init__(
        self,
        home: Path,
        client: AuthoringClient,
        reader: CasesClient,
        feedback: ScriptedFeedback,
        progress: ProgressClient,
    ) -> None:
        self.home, self.client, self.reader, self.feedback, self.progress = home, client, reader, feedback, progress

    async def open(self, content: bytes, *, publish: bool = False, user: str = "ada") -> UploadView:
        wanted = OpenUpload(name="coffee.zip", size=len(content), publish=publish)
        return await self.client.open_upload(wanted, scope(user=user))

    async def append(self, view: UploadView, content: bytes, *, checksum: str | None = None) -> UploadView:
        return await self.client.append(view.id, view.received, parts(content), scope(), checksum)

    async def upload(self, content: bytes, *, publish: bool = False) -> UploadView:
        view = await self.open(content, publish=publish)
        while view.received < view.size:
            view = await self.append(view, content[view.received : view.received + view.part_bytes])
        return await self.client.complete(view.id, CompleteUpload(), scope())

    async def ended(self, view: UploadView) -> UploadView:
        await self.steps(view)
        return await self.client.upload(view.id, scope())

    async def steps(self, view: UploadView, after: int = 0) -> list:
        told = [one async for one in self.client.steps(view.id, after, scope())]
        assert [one.sequence for one in told] == list(range(after + 1, after + 1 + len(told)))
        return [STEP.validate_python(one.step) for one in told]

    def files(self) -> list[str]:
        return [path.name for path in (self.home / "cases" / "uploads").iterdir()]


async def parts(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 1000):
        yield content[at : at + 1000]


@asynccontextmanager
async def serving(home: Path, *, with_progress: bool = False) -> AsyncIterator[Desk]:
    settings = Settings(home=home)
    settings.prepare()
    async with AsyncExitStack() as stack:
        backends = await stack.enter_async_context(open_backends(settings))
        feedback = ScriptedFeedback()
        progress = create_progress(
            Database(f"sqlite+aiosqlite:///{home / 'progress.sqlite'}"), DirectoryObjectStore(home / "kept"), VERIFIER
        )
        if with_progress:
            await stack.enter_async_context(running(progress))
        regrading = RegradingClient(await stack.enter_async_context(in_process_client(progress, "cases")))
        authoring = open_authoring(backends, feedback, regrading, None, QUICK)
        app = create_app(reading_service(backends), backends, authoring, VERIFIER)

        async def http(caller: str):
            return await stack.enter_async_context(in_process_client(app, caller))

        feedback.cases = CasesClient(await http("feedback"))
        work = ProgressClient(await stack.enter_async_context(in_process_client(progress, "gateway")))
        desk = Desk(home, AuthoringClient(await http("dashboard")), CasesClient(await http("gateway")), feedback, work)
        await stack.enter_async_context(running(app))
        yield desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with serving(tmp_path / "home") as desk:
        yield desk


@pytest.fixture
def archive(tmp_path: Path, case_folder: Path) -> bytes:
    pack(case_folder, tmp_path / "coffee.zip")
    return (tmp_path / "coffee.zip").read_bytes()


async def refusal(doing) -> tuple[int, str]:
    with pytest.raises(ServiceError) as caught:
        await doing
    return caught.value.status, caught.value.error


class TestJourney:
    async def test_an_archive_becomes_a_published_version_step_by_step(self, desk, archive):
        view = await desk.upload(archive, publish=True)
        steps = await desk.steps(view)
        kinds = [step.kind for step in steps]
        assert kinds[:5] == ["received", "unpacking", "reading", "storing", "trying"]
        assert isinstance(steps[-1], Published)
        assert steps[2].folder == "coffee.zip"
        ended = await desk.client.upload(view.id, scope())
        assert (ended.state, ended.case, ended.version) == ("published", "coffee-sales", steps[-1].summary.version)
        assert [case.id for case in await desk.reader.published()] == ["coffee-sales"]
        await eventually(lambda: desk.files() == [])

    async def test_without_publishing_a_checked_version_waits_and_nobody_gets_it(self, desk, archive):
        view = await desk.upload(archive)
        end = (await desk.steps(view))[-1]
        assert isinstance(end, Passed)
        assert end.kept
        assert (await desk.client.upload(view.id, scope())).state == "checked"
        assert await desk.reader.published() == ()
        assert await refusal(desk.reader.learner(end.version)) == (404, "case_version_not_found")

    async def test_the_same_content_gives_the_same_version_by_whichever_way(self, desk, archive):
        first = await desk.ended(await desk.upload(archive, publish=True))
        again = await desk.upload(archive, publish=True)
        assert isinstance((await desk.steps(again))[-1], Published)
        ended = await desk.ended(again)
        assert ended.version == first.version
        assert [case.number for case in await desk.reader.published()] == [1]

    async def test_a_broken_case_is_told_by_file_cell_and_rule_and_leaves_nothing(self, desk, case_folder, tmp_path):
        notebook = case_folder / "solution.ipynb"
        notebook.write_text(notebook.read_text().replace("    ### END SOLUTION\\n", "", 1))
        pack(case_folder, tmp_path / "broken.zip")
        view = await desk.upload((tmp_path / "broken.zip").read_bytes(), publish=True)
        end = (await desk.steps(view))[-1]
        assert isinstance(end, Rejected)
        assert ("solution.ipynb", "total-revenue-answer", "marker") in {(p.file, p.cell, p.rule) for p in end.problems}
        assert (await desk.ended(view)).state == "rejected"
        assert await desk.reader.published() == ()
        await eventually(lambda: desk.files() == [])

    async def test_a_hostile_archive_is_rejected_by_the_same_way(self, desk):
        view = await desk.upload(b"no archive")
        end = (await desk.steps(view))[-1]
        assert [(p.file, p.rule) for p in end.problems] == [("coffee.zip", "archive-broken")]

    async def test_a_reader_of_what_has_nothing_to_tell_is_answered_at_once(self, desk, archive):
        view = await desk.open(archive)
        steps = desk.client.steps(view.id, 0, scope())
        request = desk.client._http.stream("GET", f"/uploads/{view.id}/steps", headers={SCOPE_HEADER: scope()})
        async with request as response:
            assert (response.status_code, await anext(response.aiter_bytes())) == (200, b"\n")
        waiting = asyncio.ensure_future(anext(steps))
        await desk.append(view, archive)
        await desk.client.complete(view.id, CompleteUpload(), scope())
        assert (await waiting).step["kind"] == "received"
        await steps.aclose()

    async def test_a_reader_who_comes_back_goes_on_where_the_last_one_stopped(self, desk, archive):
        view = await desk.upload(archive, publish=True)
        whole = await desk.steps(view)
        assert await desk.steps(view, after=3) == whole[3:]
        assert await desk.steps(view, after=len(whole)) == []


class TestParts:
    async def test_sending_goes_on_where_it_was_cut_off_also_after_a_restart(self, tmp_path, archive):
        half = len(archive) // 2
        async with serving(tmp_path / "home") as desk:
            view = await desk.append(await desk.open(archive), archive[:half])
        # what a write that was cut off left behind
        with (tmp_path / "home" / "cases" / "uploads" / view.id / "archive.zip").open("ab") as file:
            file.write(b"torn off")
        async with serving(tmp_path / "home") as desk:
            view = await desk.client.upload(view.id, scope())
            assert (view.state, view.received) == ("receiving", half)
            await desk.append(view, archive[half:])
            digest = hashlib.sha256(archive).hexdigest()
            await desk.client.complete(view.id, CompleteUpload(digest=digest), scope())
            assert (await desk.ended(view)).state == "checked"

    async def test_a_part_that_is_not_what_was_sent_is_not_kept(self, desk, archive):
        view = await desk.open(archive)
        wrong = "sha256 " + hashlib.sha256(b"something else").hexdigest()
        assert await refusal(desk.append(view, archive[:100], checksum=wrong)) == (422, "upload_checksum")
        assert (await desk.client.upload(view.id, scope())).received == 0
        right = "sha256 " + hashlib.sha256(archive[:100]).hexdigest()
        assert (await desk.append(view, archive[:100], checksum=right)).received == 100

    @pytest.mark.parametrize("checksum", ["md5 abc", "sha256", "sha256 " + "x" * 64])
    async def test_a_checksum_of_another_kind_is_refused(self, desk, archive, checksum):
        view = await desk.open(archive)
        assert await refusal(desk.append(view, archive[:10], checksum=checksum)) == (422, "upload_checksum")

    async def test_a_part_at_another_place_is_refused_and_told_where_to_go_on(self, desk, archive):
        view = await desk.append(await desk.open(archive), archive[:100])
        late = view.model_copy(update={"received": 50})
        with pytest.raises(ServiceError, match="begins at 100") as caught:
            await desk.append(late, archive[50:])
        assert caught.value.error == "upload_offset"

    async def test_of_two_that_send_the_same_part_at_once_one_is_kept(self, desk, archive):
        view = await desk.open(archive)
        done = await asyncio.gather(*(desk.append(view, archive[:100]) for _ in range(4)), return_exceptions=True)
        kept = [one for one in done if isinstance(one, UploadView)]
        assert [one.received for one in kept] == [100]
        assert {one.error for one in done if isinstance(one, ServiceError)} == {"upload_offset"}

    async def test_more_than_was_announced_is_refused(self, desk, archive):
        view = await desk.open(archive[:50])
        assert await refusal(desk.append(view, archive)) == (413, "upload_too_large")
        assert (await desk.client.upload(view.id, scope())).received == 0

    async def test_an_incomplete_archive_is_not_worked_on(self, desk, archive):
        view = await desk.append(await desk.open(archive), archive[:-1])
        assert await refusal(desk.client.complete(view.id, CompleteUpload(), scope())) == (409, "upload_incomplete")

    async def test_an_archive_that_arrived_differently_is_not_worked_on(self, desk, archive):
        view = await desk.append(await desk.open(archive), archive)
        wrong = CompleteUpload(digest="0" * 64)
        assert await refusal(desk.client.complete(view.id, wrong, scope())) == (422, "upload_checksum")

    async def test_completing_twice_is_completing_once(self, desk, archive):
        view = await desk.upload(archive)
        await desk.client.complete(view.id, CompleteUpload(), scope())
        assert [step.kind for step in await desk.steps(view)].count("received") == 1
        assert await refusal(desk.append(view, b"")) == (409, "upload_settled")

    async def test_sizes_and_numbers_are_limited(self, desk):
        too_large = OpenUpload(name="x", size=10**12)
        assert await refusal(desk.client.open_upload(too_large, scope())) == (413, "upload_too_large")
        views = [await desk.open(b"x") for _ in range(5)]
        assert await refusal(desk.open(b"x")) == (429, "too_many_uploads")
        await desk.client.cancel(views[0].id, scope())
        await desk.open(b"x", user="ada")

    async def test_a_cancelled_upload_leaves_nothing_and_takes_nothing(self, desk, archive):
        view = await desk.append(await desk.open(archive), archive[:10])
        assert (await desk.client.cancel(view.id, scope())).state == "cancelled"
        await eventually(lambda: desk.files() == [])
        assert await refusal(desk.append(view, archive[10:])) == (409, "upload_settled")

    async def test_an_upload_that_is_worked_on_cannot_be_cancelled(self, desk, archive):
        desk.feedback.gate.clear()
        view = await desk.upload(archive)
        assert await refusal(desk.client.cancel(view.id, scope())) == (409, "upload_settled")
        desk.feedback.gate.set()
        assert (await desk.ended(view)).state == "checked"

    async def test_what_lies_about_for_long_is_swept_at_the_start(self, tmp_path, archive, monkeypatch):
        async with serving(tmp_path / "home") as desk:
            view = await desk.append(await desk.open(archive), archive[:10])
        stray = tmp_path / "home" / "cases" / "uploads" / ("0" * 32)
        stray.mkdir()
        monkeypatch.setenv("CASELOOP_UPLOAD_UNFINISHED_HOURS", "0.0000001")
        async with serving(tmp_path / "home") as desk:
            await eventually(lambda: desk.files() == [])
            assert (await desk.client.upload(view.id, scope())).state == "cancelled"


class TestAccess:
    @pytest.mark.parametrize("role", [Role.LEARNER, Role.MENTOR, Role.QA])
    async def test_only_admins_may(self, desk, archive, role):
        view = await desk.open(archive)
        for doing in (
            desk.client.open_upload(OpenUpload(name="x", size=1), scope(role)),
            desk.client.uploads(scope(role)),
            desk.client.upload(view.id, scope(role)),
            desk.client.append(view.id, 0, parts(archive), scope(role)),
            desk.client.complete(view.id, CompleteUpload(), scope(role)),
            desk.client.cancel(view.id, scope(role)),
            anext(aiter(desk.client.steps(view.id, 0, scope(role)))),
        ):
            assert await refusal(doing) == (403, "not_an_admin")

    async def test_an_unknown_upload_is_not_found(self, desk):
        assert await refusal(desk.client.upload("0" * 32, scope())) == (404, "upload_not_found")
        for hostile in ("..", "../" + "0" * 29, "0" * 31 + "%"):
            assert (await refusal(desk.client.upload(hostile, scope())))[0] in (404, 422)

    async def test_the_list_names_who_and_what_newest_first(self, desk):
        await desk.open(b"x", user="ada")
        await desk.open(b"xy", user="eve")
        listed = await desk.client.uploads(scope())
        assert [(view.by, view.size) for view in listed] == [("eve", 2), ("ada", 1)]


class TestDurability:
    async def test_two_uploads_of_one_case_are_worked_on_one_after_the_other(
        self, tmp_path, archive, case_folder, retitle
    ):
        """Two processes at once, as two workers on two machines: the second one waits for the first one's end."""
        retitle(case_folder, "Another title")
        pack(case_folder, tmp_path / "other.zip")
        async with serving(tmp_path / "home") as one, serving(tmp_path / "home") as two:
            for desk in (one, two):
                desk.feedback.gate.clear()
            first = await one.upload(archive, publish=True)
            await eventually(lambda: len(one.feedback.trials) + len(two.feedback.trials) == 1)
            second = await one.upload((tmp_path / "other.zip").read_bytes(), publish=True)
            steps = aiter(one.client.steps(second.id, 0, scope()))
            seen = []
            while not seen or not isinstance(seen[-1], Queueing):
                seen.append(STEP.validate_python((await anext(steps)).step))
            assert not any(isinstance(step, Trying) for step in seen)
            await steps.aclose()
            for desk in (one, two):
                desk.feedback.gate.set()
            ends = [await one.ended(view) for view in (first, second)]
            assert [view.state for view in ends] == ["published", "published"]
            assert [(case.version, case.number) for case in await one.reader.published()] == [(ends[1].version, 2)]

    @pytest.mark.parametrize("piece", ["earned.sum()", "fillna(1)"], ids=["first trial", "last but one"])
    async def test_a_service_that_is_killed_in_the_middle_is_followed_by_one_that_finishes(
        self, tmp_path, archive, piece
    ):
        home = tmp_path / "home"
        async with serving(home) as desk:
            view = await desk.open(archive, publish=True)
            await desk.append(view, archive)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.services.case_uploader.upload_worker", str(home), piece),
            stdout=asyncio.subprocess.PIPE,
        )
        # a second service hands it over; the one that is killed takes it, since this one does no work
        await _complete_without_working(home, view)
        await _said(process)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        assert (home / "cases" / "uploads" / view.id / "unpacked").is_dir()
        async with serving(home) as desk:
            steps = await desk.steps(view)
            again = next(step for step in steps if isinstance(step, Again))
            assert (again.attempt, "stopped in the middle" in again.why) == (2, True)
            assert isinstance(steps[-1], Published)
            assert [case.number for case in await desk.reader.published()] == [1]
            await eventually(lambda: desk.files() == [])

    async def test_one_that_is_killed_every_time_fails_cleanly(self, tmp_path, archive):
        home = tmp_path / "home"
        async with serving(home) as desk:
            view = await desk.append(await desk.open(archive, publish=True), archive)
        await _complete_without_working(home, view, attempts=1)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.services.case_uploader.upload_worker", str(home), "earned.sum()"),
            stdout=asyncio.subprocess.PIPE,
        )
        await _said(process)
        process.kill()
        await process.wait()
        async with serving(home) as desk:
            end = (await desk.steps(view))[-1]
            assert (end.kind, "stopped in the middle of every attempt" in end.detail) == ("failed", True)
            assert await desk.reader.published() == ()
            await eventually(lambda: desk.files() == [])

    async def test_a_platform_that_is_away_for_a_moment_only_delays(self, desk, archive):
        desk.feedback.error = ServiceError("feedback", 503, "service_unavailable", "feedback could not be reached")
        desk.feedback.recovers = True
        view = await desk.upload(archive, publish=True)
        assert (await desk.ended(view)).state == "published"
        again = [one.step async for one in desk.client.steps(view.id, 0, scope()) if one.step["kind"] == "again"]
        assert ["could not be judged" in step["why"] for step in again] == [True]

    async def test_one_that_fails_every_time_says_why(self, desk, archive):
        desk.feedback.error = ServiceError("feedback", 503, "service_unavailable", "feedback could not be reached")
        ended = await desk.ended(await desk.upload(archive, publish=True))
        assert (ended.state, "feedback could not be reached" in ended.detail) == ("failed", True)
        await eventually(lambda: desk.files() == [])


async def _said(process: asyncio.subprocess.Process) -> None:
    """It has come to the piece; whatever it logs before is not of interest."""
    async with asyncio.timeout(120):
        while (line := await process.stdout.readline()) != b"at the piece\n":
            assert line, "the worker ended by itself"


async def _complete_without_working(home: Path, view: UploadView, attempts: int = 3) -> None:
    settings = Settings(home=home)
    async with open_backends(settings) as backends:
        office = open_office(backends, ScriptedFeedback(), None, times=QUICK, attempts=attempts)
        await office.uploads.complete(view.id)


async def eventually(condition, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
