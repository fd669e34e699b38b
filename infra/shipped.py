"""The cases that ship with Caseloop, published when they are new or have changed."""

import asyncio
import contextlib
import hashlib
import os
import signal
import sys
from pathlib import Path

from infra.settings import EmbeddedSettings
from infra.supervisor import die_with_parent

_STOP_SECONDS = 5.0
_LAST_LINES = 20
_MADE = {"__pycache__", ".ipynb_checkpoints"}


class NotPublished(Exception):
    """A shipped case could not be published; the message is what the command said."""


def shipped_fingerprint(cases: Path) -> str:
    """Digest over the names and contents of all case folders."""
    digest = hashlib.sha256()
    for path in sorted(p for p in cases.rglob("*") if p.is_file() and not _MADE & set(p.parts)):
        digest.update(str(path.relative_to(cases)).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


async def publish_shipped(settings: EmbeddedSettings, stop: asyncio.Event) -> bool:
    """Publish what has changed since last time, by the same command an author uses; False when nothing has.

    Setting `stop` ends it early, which leaves nothing half published. Raises NotPublished.
    """
    stamp = settings.home / "shipped"
    folders = sorted(str(path.parent) for path in settings.cases.glob("*/case.yaml"))
    fingerprint = await asyncio.to_thread(shipped_fingerprint, settings.cases)
    if not folders or (stamp.exists() and stamp.read_text() == fingerprint):
        return False
    log = settings.home / "logs" / "publish.log"
    with log.open("wb") as logged:
        publishing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infra.cli", "case", "publish", "--make-data", *folders),
            # What they ship with was measured before; a first start does not wait for it.
            env=settings.variables() | {"CASELOOP_CI_MUTANTS": "false"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=logged,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
    said = await _ended(publishing, stop)
    if stop.is_set():
        return False
    if publishing.returncode:
        raise NotPublished(f"{said.strip() or _end_of(log)}\nWhat happened meanwhile: {log}")
    stamp.write_text(await asyncio.to_thread(shipped_fingerprint, settings.cases))
    return True


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_LINES:])


async def _ended(process: asyncio.subprocess.Process, stop: asyncio.Event) -> str:
    """What the process said; it is ended with all of its group when `stop` is set first."""
    talking = asyncio.create_task(process.communicate())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({talking, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for sign, seconds in ((signal.SIGINT, _STOP_SECONDS), (signal.SIGKILL, None)):
        if talking.done():
            break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        await asyncio.wait({talking}, timeout=seconds)
    said, _ = await talking
    return said.decode(errors="replace")
