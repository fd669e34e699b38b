"""The embedded system: its processes in order, how each shows that it lives, and what is swept at the end."""

import contextlib
import functools
import logging
import shutil
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import httpx

from infra.hub.proxy_process import standing_command, standing_variables
from infra.settings import EmbeddedSettings
from infra.supervisor import Part
from services.kit.http import tls_client, tls_port_client
from spawner.certificates import EnvironmentCertificates
from spawner.cgroup import group_name, remove_group
from spawner.processes import boxes, end_sandboxes, sandboxes
from vault.errors import VaultError
from vault.identity import Identity
from vault.rotation import Credential
from vault.trust import LISTENERS, SUPERVISOR
from vault.wiring import Vault

_log = logging.getLogger(__name__)
_HUB_CONFIGURATION = Path(__file__).parent / "hub" / "jupyterhub_config.py"
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
        ready, alive = {}, {}
        for name in LISTENERS:
            client = _client(settings, context, name)
            await stack.enter_async_context(client)
            ready[name], alive[name] = _healthy(client, "/health/ready"), _healthy(client, "/health/live")
        hub_transport = httpx.AsyncHTTPTransport(uds=str(settings.hub_listens))
        hub = httpx.AsyncClient(transport=hub_transport, base_url="http://hub", timeout=2.5, trust_env=False)
        page = httpx.AsyncClient(base_url=f"http://{settings.host}:{settings.port}", timeout=2.5, trust_env=False)
        for client in (hub, page):
            await stack.enter_async_context(client)
        variables = settings.variables()
        part = functools.partial(Part, environment=without_secrets(variables))
        services, jupyterhub = ("-m", "infra.services_process"), ("-m", "jupyterhub", "-f", str(_HUB_CONFIGURATION))
        yield [
            part("runner", _python("-m", "infra.runner_process"), ready["runner"], alive["runner"]),
            part(
                "services",
                _python(*services),
                _all(*(ready[name] for name in SERVICES)),
                # not what they need besides: a busy database, or another service, is no reason to restart them
                _all(*(alive[name] for name in SERVICES)),
                # the gateway gives checks under way 8 s to end and 3 to be written down, the kit adds 5
                stop_seconds=20.0,
                environment=variables,
                spare=_spare(settings, "services", services),
            ),
            part(
                "proxy",
                standing_command(settings),
                # whatever it answers: that the Hub is away is no reason to restart it
                _answering(page, "/hub/health"),
                environment={**without_secrets(variables), **standing_variables(settings, vault)},
            ),
            part(
                "hub",
                _python(*jupyterhub),
                _all(_healthy(hub, "/hub/health"), _healthy(page, "/hub/health")),
                # not the way through the proxy: it may be the proxy that is away
                _healthy(hub, "/hub/health"),
                spare=_spare(settings, "hub", jupyterhub),
            ),
        ]


def _client(settings: EmbeddedSettings, context: ssl.SSLContext, name: str) -> httpx.AsyncClient:
    patience = httpx.Timeout(2.5)
    if name == "dashboard":
        return tls_port_client(context, name, settings.dashboard_port_file, patience)
    return tls_client(context, name, settings.socket(name), patience)


_SECRETS = {"CASELOOP_MODEL_API_KEY", "CASELOOP_MAIL_SMTP_PASSWORD"}


def without_secrets(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables of processes that talk to no model and send no mail: those servers' keys are none of their business."""
    return {name: value for name, value in variables.items() if name not in _SECRETS}


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _spare(settings: EmbeddedSettings, name: str, command: Sequence[str]) -> list[str]:
    return _python("-m", "infra.spare", name, *command) if settings.spares else []


def _healthy(client: httpx.AsyncClient, path: str) -> Probe:
    async def probe() -> bool:
        return (await client.get(path)).status_code == httpx.codes.OK

    return probe


def _answering(client: httpx.AsyncClient, path: str) -> Probe:
    async def probe() -> bool:
        await client.get(path)
        return True

    return probe


def _all(*probes: Probe) -> Probe:
    async def probe() -> bool:
        for one in probes:
            if not await one():
                return False
        return True

    return probe


def end_environments(settings: EmbeddedSettings, vault: Vault) -> int:
    """Once the Hub is gone: end learners' servers, which outlive it by design, and refuse their certificates.

    Returns how many there were.
    """
    folder = boxes(settings.run_dir)
    found = sandboxes(folder)
    end_sandboxes(list(found))
    containers = _end_containers(settings)
    certificates = EnvironmentCertificates(vault.authority)
    for box in folder.glob("*.id"):
        with contextlib.suppress(VaultError):
            certificates.revoke(box)
    shutil.rmtree(folder, ignore_errors=True)
    for box in found.values():
        remove_group(group_name(box))
    # they leave their sockets where they were
    for left in (settings.hub_listens, settings.proxy_socket):
        left.unlink(missing_ok=True)
    return len(found) + containers


def _end_containers(settings: EmbeddedSettings) -> int:
    if settings.isolation != "docker":
        return 0
    from spawner.docker import end_containers
    from spawner.engine import ENGINE_FAULTS

    try:
        return end_containers(settings.run_dir)
    except ENGINE_FAULTS as error:
        _log.error("learners' containers cannot be ended, for the engine does not answer: %s", error)
        return 0
