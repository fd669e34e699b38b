"""Run an author's own `make_data.py`, when the author asks for it."""

import asyncio
from pathlib import Path

from case_uploader.format.data_files import MAKE_DATA_FILE


class DataNotMade(Exception):
    """`make_data.py` could not be run or failed; the message holds the end of what it said."""


async def make_data(folder: Path, python: Path) -> None:
    """Run the folder's `make_data.py` with this interpreter, in the folder; without a script do nothing.

    The script runs unconfined, as the author would run it. Raises `DataNotMade`.
    """
    if not (folder / MAKE_DATA_FILE).is_file():
        return
    try:
        process = await asyncio.create_subprocess_exec(
            str(python),
            MAKE_DATA_FILE,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise DataNotMade(f"{python} could not be started ({error.strerror}); run `make setup`") from error
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = output.decode(errors="replace").strip().splitlines()[-5:]
        raise DataNotMade(f"{folder / MAKE_DATA_FILE} ended with status {process.returncode}: " + "\n".join(last))
