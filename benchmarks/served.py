"""Some of the services in a process of their own, as production has them: `python -m benchmarks.served NAME …`."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

from infra.service_apps import open_app
from infra.settings import EmbeddedSettings
from services.kit.logs import configure_logs
from services.kit.scope import scope_keys
from services.kit.serving import Listener, serve_until_stopped
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import open_vault


async def serve(names: Sequence[str]) -> int:
    """Serve until told to stop; returns the exit status."""
    settings = EmbeddedSettings()
    configure_logs(settings.logs)
    vault = open_vault(settings.mode, settings.home)
    _, verifier = scope_keys(vault.secrets)
    async with AsyncExitStack() as stack:
        listeners = []
        for name in names:
            credential = Credential(vault.authority, Identity.service(name), settings.leaf(name))
            app = await stack.enter_async_context(open_app(name, settings, vault, credential, lambda: verifier))
            listeners.append(Listener(app, credential, settings.socket(name)))
        return await serve_until_stopped(listeners, vault.authority)


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(asyncio.run(serve(sys.argv[1:])))
