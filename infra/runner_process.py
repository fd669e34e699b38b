"""The runner's process: `python -m infra.runner_process`. It holds no secret but its own certificate."""

import asyncio
import os
import sys

from infra.settings import EmbeddedSettings
from services.contracts.clients.cases import CasesClient
from services.kit.http import tls_client
from services.kit.logs import configure_logs
from services.kit.serving import Listener, serve_until_stopped
from services.kit.traces_wiring import open_tracing
from services.runner.app import create_app
from services.runner.service import Runner
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import open_vault


async def serve(settings: EmbeddedSettings) -> int:
    """Serve until told to stop; returns the exit status."""
    vault = open_vault(settings.mode, settings.home)
    credential = Credential(
        vault.authority, Identity.service("runner"), settings.leaf("runner"), lifetime=settings.tls.service_lifetime
    )
    async with open_tracing(settings.traces):
        cases = CasesClient(tls_client(credential.client_context(), "cases", settings.socket("cases")))
        runner = Runner(settings.runner, cases)
        listener = Listener(create_app(runner), credential, settings.socket("runner"))
        return await serve_until_stopped([listener], vault.authority)


def main() -> int:
    """Entry point of the process."""
    os.umask(0o077)
    settings = EmbeddedSettings()
    settings.prepare()
    configure_logs(settings.logs)
    return asyncio.run(serve(settings))


if __name__ == "__main__":
    sys.exit(main())
