"""A process that works on uploads until it is killed: `python -m tests.services.…upload_worker HOME PIECE`.

Judging stops for ever at the first notebook that holds PIECE, and says so on stdout.
"""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from case_uploader.app import create_app
from case_uploader.wiring import open_backends, open_office, reading_service
from services.contracts.clients.cases import CasesClient
from services.contracts.feedback import TrialRequest, TrialResult
from services.kit.adapters.job_rows import TableTimes
from services.kit.http import in_process_client
from services.kit.settings import Settings
from tests.services.case_uploader.conftest import ScriptedFeedback

QUICK = TableTimes(poll=timedelta(seconds=0.1), backoff=timedelta(seconds=0.1))
MORTAL = replace(QUICK, lease=timedelta(seconds=1))
"""Those who come after it need not wait for long."""


class StoppingFeedback(ScriptedFeedback):
    def __init__(self, piece: str) -> None:
        super().__init__()
        self.piece = piece

    async def trial(self, request: TrialRequest) -> TrialResult:
        if any(self.piece in cell.source for cell in request.cells):
            sys.stdout.write("at the piece\n")
            sys.stdout.flush()
            await asyncio.Event().wait()
        return await super().trial(request)


async def work(home: Path, piece: str) -> None:
    settings = Settings(home=home)
    settings.prepare()
    async with open_backends(settings) as backends:
        feedback = StoppingFeedback(piece)
        app = create_app(reading_service(backends), backends)
        async with in_process_client(app, "feedback") as http:
            feedback.cases = CasesClient(http)
            await open_office(backends, feedback, None, times=MORTAL).work()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2]))
