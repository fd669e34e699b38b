"""What every job queue promises; a new adapter is added to `QUEUES`.

`python test_job_queue.py ADAPTER URL` is a worker in a process of its own, for the tests that kill it.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, String, Table, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.adapters.job_rows import JobRows, TableTimes, job_table
from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.clock import utc_now
from services.kit.database import Database, table_metadata
from services.kit.jobs import Held, Job, JobQueue, JobState, Lease, LeaseLost
from tests.postgres_cluster import Cluster

METADATA = table_metadata()
JOBS = job_table(METADATA)
EFFECTS = Table("effect", METADATA, Column("key", String(64), primary_key=True), Column("by", String(16)))
FAST = TableTimes(lease=timedelta(seconds=2), poll=timedelta(seconds=0.1), backoff=timedelta(seconds=0.02))
"""Jobs of whoever is gone are soon somebody else's."""
CALM = TableTimes(poll=FAST.poll, backoff=FAST.backoff)
"""Nobody loses a job because the machine is busy."""


def _table(url: str, times: TableTimes) -> tuple[Database, JobQueue]:
    db = Database(url)
    return db, TableJobQueue(db, JOBS, times)


QUEUES: dict[str, Callable[[str, TableTimes], tuple[Database, JobQueue]]] = {"table": _table}


@dataclass
class Recorder:
    """A handler that notes what it was asked to do, and does it."""

    act: Callable[[Lease], Awaitable[None]]
    seen: list[Held] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    async def run(self, lease: Lease) -> None:
        self.seen.append(lease.job)
        await self.act(lease)

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        self.gone.append(f"{job.id}: {error}")
        await effect(session, f"{job.id} given up", "nobody")


@dataclass
class Bench:
    db: Database
    queue: JobQueue

    async def put(self, job: Job) -> str:
        async with self.db.write() as session:
            return await self.queue.enqueue(session, job)

    async def state(self, job: str) -> JobState:
        async with self.db.read() as session:
            state = await self.queue.state(session, job)
        assert state is not None
        return state

    async def effects(self) -> dict[str, str]:
        async with self.db.read() as session:
            return {row.key: row.by for row in (await session.execute(select(EFFECTS))).all()}

    async def until(self, job: str, status: str, seconds: float = 20) -> JobState:
        async with asyncio.timeout(seconds):
            while (state := await self.state(job)).status != status:
                await asyncio.sleep(0.01)
        return state

    @contextlib.asynccontextmanager
    async def working(self, concurrency: int = 1, **handlers: Recorder) -> AsyncIterator[asyncio.Task[None]]:
        worker = asyncio.create_task(self.queue.work("q", handlers, concurrency))
        try:
            yield worker
        finally:
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker


async def effect(session: AsyncSession, key: str, by: str) -> None:
    """Something that happens once, whoever and however often somebody tries."""
    with contextlib.suppress(IntegrityError):
        async with session.begin_nested():
            await session.execute(insert(EFFECTS).values(key=key, by=by))


@pytest.fixture(params=QUEUES)
def adapter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where the queue's empty database is."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'jobs.sqlite'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    name = cluster.empty()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
async def open_bench(adapter: str, url: str) -> AsyncIterator[Callable[..., Bench]]:
    """Opens the same queue each time it is called, as another process would."""
    opened: list[Database] = []

    def bench(times: TableTimes = CALM) -> Bench:
        db, queue = QUEUES[adapter](url, times)
        opened.append(db)
        return Bench(db, queue)

    first = bench()
    async with first.db.write() as session:
        connection = await session.connection()
        await connection.run_sync(METADATA.create_all)
    yield bench
    for db in opened:
        await db.close()


@pytest.fixture
def bench(open_bench: Callable[..., Bench]) -> Bench:
    return open_bench()


def job(kind: str = "note", **changes: object) -> Job:
    return Job(queue="q", kind=kind, payload={"of": "nothing"}, **changes)  # type: ignore[arg-type]


async def nothing(_: Lease) -> None:
    pass


async def test_a_job_is_done_with_what_it_was_given(bench: Bench) -> None:
    handler = Recorder(nothing)
    id_ = await bench.put(Job(queue="q", kind="note", payload={"row": 7, "deep": [{"ü": None}]}))
    assert (await bench.state(id_)).status == "queued"
    async with bench.working(note=handler):
        await bench.until(id_, "done")
    assert [(held.id, held.payload, held.attempt) for held in handler.seen] == [
        (id_, {"row": 7, "deep": [{"ü": None}]}, 1)
    ]


async def test_there_is_no_job_when_the_transaction_is_given_up(bench: Bench) -> None:
    async def give_up() -> None:
        async with bench.db.write() as session:
            await bench.queue.enqueue(session, job(id="f" * 32))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await give_up()
    async with bench.db.read() as session:
        assert await bench.queue.state(session, "f" * 32) is None


async def test_a_waiting_worker_of_the_same_process_starts_at_the_commit(bench: Bench) -> None:
    handler = Recorder(nothing)
    slow = TableJobQueue(bench.db, JOBS, TableTimes(poll=timedelta(minutes=5)))
    patient = Bench(bench.db, slow)
    async with patient.working(note=handler):
        await asyncio.sleep(0.1)
        async with bench.db.write() as session:
            id_ = await slow.enqueue(session, job())
            # A savepoint that ends after the job was added must not wake anybody yet.
            await effect(session, "later", "test")
        await patient.until(id_, "done")


async def test_a_job_of_another_opening_is_found_by_looking(open_bench: Callable[..., Bench], bench: Bench) -> None:
    handler = Recorder(nothing)
    async with bench.working(note=handler):
        await asyncio.sleep(0.05)
        id_ = await open_bench().put(job())
        await bench.until(id_, "done")


async def test_the_same_key_joins_until_the_job_has_ended(bench: Bench) -> None:
    first = await bench.put(job(key="ada/step"))
    assert await bench.put(job(key="ada/step")) == first
    assert await bench.put(job(key="bob/step")) != first
    handler = Recorder(nothing)
    async with bench.working(note=handler):
        await bench.until(first, "done")
    assert await bench.put(job(key="ada/step")) != first


async def test_many_who_ask_at_once_get_one_job(open_bench: Callable[..., Bench]) -> None:
    benches = [open_bench() for _ in range(4)]
    ids = await asyncio.gather(*(benches[n % 4].put(job(key="same")) for n in range(20)))
    assert len(set(ids)) == 1


async def test_urgent_jobs_go_first_and_delayed_ones_wait(bench: Bench) -> None:
    late = await bench.put(job(delay=timedelta(hours=1), priority=-5))
    low = await bench.put(job(priority=5))
    high = await bench.put(job(priority=1))
    handler = Recorder(nothing)
    async with bench.working(note=handler):
        await bench.until(low, "done")
        assert (await bench.state(late)).status == "queued"
        soon = await bench.put(job(delay=timedelta(seconds=0.3)))
        await bench.until(soon, "done")
    assert [held.id for held in handler.seen] == [high, low, soon]


async def test_a_worker_takes_only_its_queue_and_the_kinds_it_can_do(bench: Bench) -> None:
    foreign = await bench.put(Job(queue="other", kind="note", payload={}))
    unknown = await bench.put(job("unheard-of"))
    mine = await bench.put(job())
    async with bench.working(note=Recorder(nothing)):
        await bench.until(mine, "done")
        await asyncio.sleep(0.3)
        assert [(await bench.state(id_)).status for id_ in (foreign, unknown)] == ["queued", "queued"]


async def test_several_at_once_and_no_more(bench: Bench) -> None:
    now, most = 0, 0

    async def act(_: Lease) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.1)
        now -= 1

    ids = [await bench.put(job()) for _ in range(7)]
    async with bench.working(3, note=Recorder(act)):
        for id_ in ids:
            await bench.until(id_, "done")
    assert most == 3


async def test_what_fails_is_tried_again_after_a_while(bench: Bench) -> None:
    async def act(lease: Lease) -> None:
        if lease.job.attempt < 3:
            raise ValueError(f"not yet: {lease.job.attempt}")

    handler = Recorder(act)
    id_ = await bench.put(job())
    async with bench.working(note=handler):
        state = await bench.until(id_, "done")
    assert [held.attempt for held in handler.seen] == [1, 2, 3]
    assert (state.attempt, state.error, handler.gone) == (3, None, [])


async def test_after_the_last_attempt_it_is_given_up_with_what_belongs_to_it(bench: Bench) -> None:
    async def act(_: Lease) -> None:
        raise ValueError("never")

    handler = Recorder(act)
    id_ = await bench.put(job(attempts=2, key="k"))
    async with bench.working(note=handler):
        state = await bench.until(id_, "failed")
    assert (state.attempt, state.error) == (2, "ValueError('never')")
    assert handler.gone == [f"{id_}: ValueError('never')"]
    assert await bench.effects() == {f"{id_} given up": "nobody"}
    assert await bench.put(job(key="k")) != id_


async def test_progress_can_be_read_and_outlives_an_attempt(bench: Bench) -> None:
    async def act(lease: Lease) -> None:
        if lease.job.attempt == 1:
            await lease.report({"rows": 12})
            raise ValueError("in the middle")

    handler = Recorder(act)
    id_ = await bench.put(job())
    async with bench.working(note=handler):
        state = await bench.until(id_, "done")
    assert state.progress == {"rows": 12}
    assert [held.progress for held in handler.seen] == [{}, {"rows": 12}]


async def test_a_result_and_done_are_one_transaction(bench: Bench) -> None:
    async def act(lease: Lease) -> None:
        async with bench.db.write() as session:
            await effect(session, f"attempt {lease.job.attempt}", "handler")
            await lease.done(session)
            if lease.job.attempt == 1:
                raise ValueError("before the commit")

    handler = Recorder(act)
    id_ = await bench.put(job())
    async with bench.working(note=handler):
        await bench.until(id_, "done")
    assert await bench.effects() == {"attempt 2": "handler"}


async def test_a_clean_stop_gives_jobs_back_at_no_cost(open_bench: Callable[..., Bench], bench: Bench) -> None:
    started = asyncio.Event()

    async def act(_: Lease) -> None:
        started.set()
        await asyncio.sleep(60)

    id_ = await bench.put(job(attempts=1))
    async with bench.working(note=Recorder(act)):
        await started.wait()
        assert (await bench.state(id_)).status == "running"
    state = await bench.state(id_)
    assert (state.status, state.attempt) == ("queued", 0)
    other = open_bench()
    async with other.working(note=Recorder(nothing)):
        assert (await other.until(id_, "done")).attempt == 1


async def test_a_job_that_takes_longer_than_a_lease_is_not_taken_away(
    open_bench: Callable[..., Bench], bench: Bench
) -> None:
    async def act(_: Lease) -> None:
        await asyncio.sleep(3.5)

    handler, other = Recorder(act), Recorder(nothing)
    id_ = await bench.put(job())
    async with open_bench(FAST).working(note=handler):
        await bench.until(id_, "running")
        async with open_bench().working(note=other):
            assert (await bench.until(id_, "done")).attempt == 1
    assert (len(handler.seen), other.seen) == (1, [])


async def test_when_a_worker_is_killed_another_one_finishes_its_job_once(bench: Bench, adapter: str, url: str) -> None:
    id_ = await bench.put(Job(queue="q", kind="slow", payload={}, key="only", attempts=3))
    child = await asyncio.create_subprocess_exec(sys.executable, __file__, adapter, url)
    try:
        await bench.until(id_, "running")
        async with asyncio.timeout(20):
            while (await bench.state(id_)).progress != {"halves": 1}:
                await asyncio.sleep(0.01)
        assert await bench.effects() == {"half": "child"}
        assert await bench.put(job(key="only")) == id_
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()
    assert (await bench.state(id_)).status == "running"
    handler = Recorder(_both_halves(bench.db, "survivor"))
    async with bench.working(slow=handler):
        state = await bench.until(id_, "done")
    assert [(held.attempt, held.progress) for held in handler.seen] == [(2, {"halves": 1})]
    assert await bench.effects() == {"half": "child", "whole": "survivor"}
    assert state.attempt == 2


async def test_a_job_that_kills_every_worker_is_given_up(bench: Bench, adapter: str, url: str) -> None:
    id_ = await bench.put(Job(queue="q", kind="deadly", payload={}, attempts=2))
    for _ in range(2):
        child = await asyncio.create_subprocess_exec(sys.executable, __file__, adapter, url)
        assert await asyncio.wait_for(child.wait(), 30) == -signal.SIGKILL
    handler = Recorder(nothing)
    async with bench.working(deadly=handler):
        await bench.until(id_, "failed")
    assert handler.seen == []
    assert await bench.effects() == {f"{id_} given up": "nobody"}


async def test_many_workers_together_do_every_job_once(open_bench: Callable[..., Bench], bench: Bench) -> None:
    handlers = [Recorder(nothing) for _ in range(4)]
    ids = [await bench.put(job()) for _ in range(60)]
    async with contextlib.AsyncExitStack() as stack:
        for handler in handlers:
            await stack.enter_async_context(open_bench().working(3, note=handler))
        for id_ in ids:
            await bench.until(id_, "done")
    assert sorted(held.id for handler in handlers for held in handler.seen) == sorted(ids)


class TestTable:
    """Promises of the table adapter alone."""

    async def test_a_worker_that_comes_back_from_the_dead_changes_nothing(
        self, open_bench: Callable[..., Bench], bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its event loop stood still for longer than the lease; meanwhile somebody else did the job."""
        asleep, cancelled, woken, refused = (asyncio.Event() for _ in range(4))

        async def zombie(lease: Lease) -> None:
            asleep.set()
            # Its renewals do not arrive, and no cancellation reaches it: as in a process that is stopped.
            while not woken.is_set():
                try:
                    await woken.wait()
                except asyncio.CancelledError:
                    cancelled.set()
            try:
                async with bench.db.write() as session:
                    await effect(session, "result", "zombie")
                    await lease.done(session)
            except Exception:
                refused.set()
                raise

        async def lively(lease: Lease) -> None:
            db = living.db
            async with db.write() as session:
                await effect(session, "result", "lively")
                await lease.done(session)

        monkeypatch.setattr("services.kit.adapters.job_rows.JobRows.renew", _lost)
        id_ = await bench.put(job())
        living = open_bench()
        async with open_bench(FAST).working(note=Recorder(zombie)):
            await asleep.wait()
            async with living.working(note=Recorder(lively)):
                await living.until(id_, "done")
            await cancelled.wait()  # later it would end the write below before the table can refuse it
            woken.set()
            await asyncio.wait_for(refused.wait(), 30)
        assert await bench.effects() == {"result": "lively"}
        assert (await bench.state(id_)).status == "done"

    async def test_what_one_worker_gave_back_is_not_its_own_any_more(self, bench: Bench) -> None:
        rows = JobRows(bench.db, JOBS, FAST, utc_now)
        await bench.put(job())
        (mine,) = await rows.take("q", ["note"], 1, "one")
        await rows.give_back(mine, "one")
        (theirs,) = await rows.take("q", ["note"], 1, "other")
        assert mine.attempt == theirs.attempt == 1
        with pytest.raises(LeaseLost):
            await rows.renew(mine, "one")
        await rows.renew(theirs, "other")

    async def test_a_worker_that_takes_its_lost_job_again_holds_it_once(self, bench: Bench) -> None:
        await bench.put(job())
        (lost,) = await JobRows(bench.db, JOBS, FAST, utc_now).take("q", ["note"], 1, "one")
        later = JobRows(bench.db, JOBS, FAST, lambda: utc_now() + timedelta(seconds=60))
        (again,) = await later.take("q", ["note"], 1, "one")
        assert (lost.id, lost.attempt, again.attempt) == (again.id, 1, 2)
        with pytest.raises(LeaseLost):
            await later.again(lost, "one", "late")
        await later.again(again, "one", "in time")

    async def test_what_ended_long_ago_is_forgotten(self, bench: Bench) -> None:
        ended, waiting = await bench.put(job()), await bench.put(job("unheard-of"))
        async with bench.working(note=Recorder(nothing)):
            await bench.until(ended, "done")
        rows = JobRows(bench.db, JOBS, TableTimes(keep=timedelta(days=1)), utc_now)
        await rows.sweep()
        assert (await bench.state(ended)).status == "done"
        later = JobRows(bench.db, JOBS, TableTimes(keep=timedelta(days=1)), lambda: utc_now() + timedelta(days=2))
        await later.sweep()
        async with bench.db.read() as session:
            assert await bench.queue.state(session, ended) is None
        assert (await bench.state(waiting)).status == "queued"


async def _lost(*_: object) -> None:
    raise OSError("the network is gone")


def _both_halves(db: Database, by: str) -> Callable[[Lease], Awaitable[None]]:
    async def act(lease: Lease) -> None:
        async with db.write() as session:
            await effect(session, "half", by)
        await lease.report({"halves": 1})
        if by == "child":
            await asyncio.sleep(600)
        async with db.write() as session:
            await effect(session, "whole", by)
            await lease.done(session)

    return act


async def _kill_oneself(_: Lease) -> None:
    signal.raise_signal(signal.SIGKILL)


async def _work_in_this_process(adapter: str, url: str) -> None:
    db, queue = QUEUES[adapter](url, FAST)
    handlers: Mapping[str, Recorder] = {
        "slow": Recorder(_both_halves(db, "child")),
        "deadly": Recorder(_kill_oneself),
    }
    await queue.work("q", handlers)


if __name__ == "__main__":
    asyncio.run(_work_in_this_process(sys.argv[1], sys.argv[2]))
