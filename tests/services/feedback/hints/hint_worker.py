"""`python -m tests.services.feedback.hints.hint_worker FOLDER PURPOSE`: makes hints, and never gets past PURPOSE.

A process of its own for the tests that kill it. The model does not answer what is asked for PURPOSE.
"""

import asyncio
import sys
from pathlib import Path
from typing import cast

from feedback.model.adapters.script import HANG
from feedback.model.port import Purpose
from tests.services.feedback.hints.hint_bench import model_of, open_bench


async def main(folder: Path, purpose: Purpose) -> None:
    bench = open_bench(folder, model_of({purpose: (HANG,)}), budget=500)
    async with bench.working():
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), cast("Purpose", sys.argv[2])))
