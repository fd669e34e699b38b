"""The Hub's container: JupyterHub with its proxy, and the proxy's certificate kept fresh, which neither can do."""

import asyncio
import signal
import sys
from pathlib import Path

import structlog

from infra.production.settings import ProductionSettings
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import Vault

CONFIGURATION = Path(__file__).parents[1] / "hub" / "jupyterhub_config.py"
_log = structlog.get_logger(__name__)


async def serve_hub(settings: ProductionSettings, vault: Vault) -> int:
    """Run the Hub until SIGTERM; returns its exit status."""
    proxy = Credential(
        vault.authority, Identity.service("proxy"), settings.leaf("proxy"), lifetime=settings.tls.service_lifetime
    )
    async with proxy.kept_fresh():
        hub = await asyncio.create_subprocess_exec(sys.executable, "-m", "jupyterhub", "-f", str(CONFIGURATION))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _pass_on, hub, number)
        status = await hub.wait()
    _log.info("the Hub has ended", status=status)
    return status


def _pass_on(hub: asyncio.subprocess.Process, number: int) -> None:
    if hub.returncode is None:
        hub.send_signal(number)
