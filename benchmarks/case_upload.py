"""The upload of a large dataset by the desk's way: parts over mTLS to a case service in a process of its own."""

import asyncio
import contextlib
import hashlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from benchmarks.harness import CouldNotRun, Figure, Report
from case_uploader.scaffold import scaffold
from case_uploader.uploads.packing import pack
from infra.settings import EmbeddedSettings
from services.contracts.clients.authoring import AuthoringClient
from services.contracts.errors import ServiceError
from services.contracts.identity import Role
from services.contracts.upload import CompleteUpload, OpenUpload, UploadView
from services.kit.http import patience, tls_client
from services.kit.scope import ScopeMinter, scope_keys
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import open_vault

_MB: Final = 1024 * 1024
_SIZE: Final = 200 * _MB
_QUICK: Final = 40 * _MB
_READY_SECONDS: Final = 120
_PIECE: Final = 256 * 1024


def measure(report: Report, folder: Path) -> None:
    """Upload, and have it worked on until it is published."""
    size = _QUICK if report.quick else _SIZE
    archive = _case_of(folder, size)
    copying = statistics.median(_copied(archive, folder / "copy") for _ in range(3))
    # run_dir: short, whatever the home
    settings = EmbeddedSettings(home=folder / "home", run_dir=Path())
    settings.prepare()
    # Made here, before three processes begin at once.
    scope_keys(open_vault(settings.mode, settings.home).secrets)
    # Small faults are measured by themselves.
    variables = settings.variables() | {"CASELOOP_CI_MUTANTS": "false"}
    with (
        _process("infra.runner_process", variables=variables),
        _process("benchmarks.served", "progress", "mentoring", "feedback", variables=variables),
        _process("benchmarks.served", "cases", variables=variables) as pid,
    ):
        sending, working, idle = asyncio.run(_upload(settings, archive, pid))
        peak = _memory_mb(pid, "VmHWM")
    megabytes = archive.stat().st_size / _MB
    report.add("upload_s", Figure(sending, "s", note=f"{megabytes:.0f} MB in parts with checksums, over mTLS"))
    report.add("upload_mb_s", Figure(megabytes / sending, "MB/s"))
    report.add("upload_against_copy", Figure(sending / copying, "x", note="of copying the file to the disk"))
    report.add("published_s", Figure(working, "s", note="after that: unpacked, read, stored, tried, published"))
    report.add("service_idle_mb", Figure(idle, "MB", note="resident, before the upload"))
    report.add("service_memory_mb", Figure(peak, "MB", target=150, note="resident at its peak, to the publication"))


def _case_of(folder: Path, size: int) -> Path:
    """An archive of a case with a dataset of about this size, which no packing makes smaller."""
    case = scaffold(folder, "Large data")
    chance = random.Random(7)
    with (case / "data" / "measurements.csv").open("w", encoding="ascii") as out:
        out.write("a,b,c,d\n")
        while out.tell() < size:
            out.write("".join(f"{chance.random()},{chance.random()},{chance.random()},x\n" for _ in range(2_000)))
    archive = folder / "large.zip"
    pack(case, archive)
    return archive


def _copied(source: Path, target: Path) -> float:
    start = time.perf_counter()
    with source.open("rb") as read, target.open("wb") as written:
        shutil.copyfileobj(read, written, _MB)
        written.flush()
        os.fsync(written.fileno())
    seconds = time.perf_counter() - start
    target.unlink()
    return seconds


async def _upload(settings: EmbeddedSettings, archive: Path, pid: int) -> tuple[float, float, float]:
    """(seconds of sending, seconds from there to the publication, resident MB before it)."""
    vault = open_vault(settings.mode, settings.home)
    minter, _ = scope_keys(vault.secrets)
    credential = Credential(vault.authority, Identity.service("dashboard"), settings.leaf("dashboard"))
    context = credential.client_context()
    async with tls_client(context, "cases", settings.socket("cases"), patience(600)) as http:
        client = AuthoringClient(http)
        await _ready(client, minter)
        idle = _memory_mb(pid, "VmRSS")
        start = time.perf_counter()
        view = await _sent(client, archive, minter)
        sent = time.perf_counter()
        async for _ in client.steps(view.id, 0, _scope(minter)):
            pass
        ended = await client.upload(view.id, _scope(minter))
        if ended.state != "published":
            raise CouldNotRun(f"the upload ended as {ended.state}: {ended.detail}")
        return sent - start, time.perf_counter() - sent, idle


async def _sent(client: AuthoringClient, archive: Path, minter: ScopeMinter) -> UploadView:
    with archive.open("rb") as file:
        wanted = OpenUpload(name="large.zip", size=os.fstat(file.fileno()).st_size, publish=True)
        view = await client.open_upload(wanted, _scope(minter))
        while part := file.read(view.part_bytes):
            checksum = f"sha256 {hashlib.sha256(part).hexdigest()}"
            view = await client.append(view.id, view.received, _pieces(part), _scope(minter), checksum)
    return await client.complete(view.id, CompleteUpload(), _scope(minter))


async def _pieces(part: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(part), _PIECE):
        yield part[start : start + _PIECE]


def _scope(minter: ScopeMinter) -> str:
    return minter.mint(user="bench", role=Role.ADMIN, case="large-data", case_version="0" * 64)


async def _ready(client: AuthoringClient, minter: ScopeMinter) -> None:
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(ServiceError):
            await client.uploads(_scope(minter))
            return
        await asyncio.sleep(0.2)
    raise CouldNotRun("the case service did not become ready")


@contextlib.contextmanager
def _process(module: str, *words: str, variables: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-m", module, *words], env=variables, stdout=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _memory_mb(pid: int, key: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024
