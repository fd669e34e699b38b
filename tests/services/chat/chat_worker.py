"""`python -m tests.services.chat.chat_worker FOLDER STEP`: does jobs over conversations, and never gets past STEP.

A process of its own for the tests that kill it. STEP is a method of `ArchiveJob`; it says "there" where it stops.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from feedback.chat.archiving import ArchiveJob
from feedback.chat.exports import Exports
from feedback.chat.retention import QUEUE
from feedback.chat.settings import ChatSettings
from feedback.chat.staff import ChatStaff
from feedback.models import JOBS
from services.kit.adapters.job_rows import TableTimes
from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.database import Database
from tests.services.chat.conftest import Clock

IMPATIENT = TableTimes(lease=timedelta(seconds=1.5), poll=timedelta(seconds=0.05))


async def _stop(*_: Any) -> None:
    sys.stdout.write("there\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def main(folder: Path, step: str) -> None:
    setattr(ArchiveJob, step, _stop)
    db, clock = Database(f"sqlite+aiosqlite:///{folder / 'feedback.sqlite'}"), Clock()
    queue = TableJobQueue(db, JOBS, IMPATIENT, clock)
    staff = ChatStaff(db, queue, Exports(folder / "exports"), ChatSettings(export_conversations=1), clock)
    await queue.work(QUEUE, staff.handlers())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
