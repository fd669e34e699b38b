"""`python -m tests.services.feedback.hints.hint_worker FOLDER PURPOSE`: makes hints, and never gets past PURPOSE.

A process of its own for the tests that kill it. The model does not answer what is asked for PURPOSE.
"""

import asyncio
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

from feedback.model.adapters.script import HANG
from feedback.model.port import Purpose
from tests.services.feedback.hints.hint_bench import FAST, model_of, open_bench

MORTAL = replace(FAST, lease=timedelta(seconds=1.5))
"""Those who come after it need not wait for long."""


async def main(folder: Path, purpose: Purpose) -> None:
    bench = open_bench(folder, model_of({purpose: (HANG,)}), times=MORTAL, budget=500)
    # One that is free for a second job takes its own again when the machine lets the lease run out.
    bench.concurrency = 1
    async with bench.working():
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), cast("Purpose", sys.argv[2])))
