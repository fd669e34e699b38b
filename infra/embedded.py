"""The embedded system: its processes in order, how each shows that it lives, and what is swept at the end."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import httpx

from infra.settings import EmbeddedSettings
from infra.supervisor import Part
from services.kit.http import tls_client
from vault.identity import Identity
from vault.rotation import Credential
from vault.trust import LISTENERS, SUPERVISOR
from vault.wiring import Vault

Probe = Callable[[], Awaitable[bool]]
SERVICES = tuple(name for name in LISTENERS if name != "runner")
"""They share one process; the runner has its own, because it forks."""


@contextlib.asynccontextmanager
async def embedded_parts(settings: EmbeddedSettings, vault: Vault) -> AsyncIterator[Sequence[Part]]:
    """The parts in the order they start; their probes live as long as the block."""
    credential = Credential(
        vault.authority, Identity.service(SUPERVISOR), settings.leaf(SUPERVISOR), lifetime=settings.tls.service_lifetime
    )
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(credential.kept_fresh())
        context = credential.client_context()
        probes = {}
        for name in LISTENERS:
            client = tls_client(context, name, settings.socket(name), httpx.Timeout(2.5))
            probes[name] = _healthy(await stack.enter_async_context(client), "/health/ready")
        hub_transport = httpx.AsyncHTTPTransport(uds=str(settings.hub_dir / "hub.sock"))
        hub = httpx.AsyncClient(transport=hub_transport, base_url="http://hub", timeout=2.5, trust_env=False)
        page = httpx.AsyncClient(base_url=f"http://{settings.host}:{settings.port}", timeout=2.5, trust_env=False)
        for client in (hub, page):
            await stack.enter_async_context(client)
        yield [
            _part("runner", ["-m", "infra.runner_process"], settings, probes["runner"]),
            # 20 s to stop: the gateway gives checks under way 8 s to end and 3 to be written down, the kit adds 5
            _part("services", ["-m", "infra.services_process"], settings, _all(*(probes[n] for n in SERVICES)), 20.0),
            _part(
                "hub",
                ["-m", "jupyterhub", "-f", str(settings.project / "infra" / "hub" / "jupyterhub_config.py")],
                settings,
                # the Hub's own port says that the Hub lives, the public one that the proxy does
                _all(_healthy(hub, "/hub/health"), _healthy(page, "/hub/health")),
            ),
        ]


def _part(
    name: str, arguments: Sequence[str], settings: EmbeddedSettings, ready: Probe, stop_seconds: float = 10.0
) -> Part:
    return Part(name, [sys.executable, *arguments], ready, settings.variables(), stop_seconds=stop_seconds)


def _healthy(client: httpx.AsyncClient, path: str) -> Probe:
    async def probe() -> bool:
        return (await client.get(path)).status_code == httpx.codes.OK

    return probe


def _all(*probes: Probe) -> Probe:
    async def probe() -> bool:
        for one in probes:
            if not await one():
                return False
        return True

    return probe


def end_environments(run_dir: Path, patience: float = 8.0) -> int:
    """End learners' servers, which outlive the Hub by design; returns how many there were."""
    groups = [pid for file in (run_dir / "e").glob("*.pid") if (pid := _sandbox_pid(file))]
    for sign, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 2.0)):
        for pid in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, sign)
        end = time.monotonic() + seconds
        while any(_is_sandbox(pid) for pid in groups) and time.monotonic() < end:
            time.sleep(0.05)
    return len(groups)


def _sandbox_pid(file: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        pid = int(file.read_text())
        return pid if _is_sandbox(pid) else None
    return None


def _is_sandbox(pid: int) -> bool:
    """Process ids are reused, so only a process that looks like a sandbox of ours is one."""
    with contextlib.suppress(OSError):
        return b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
