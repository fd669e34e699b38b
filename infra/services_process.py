"""The process of all services but the runner: `python -m infra.services_process`. Each has its own TLS listener."""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from infra.embedded import SERVICES
from infra.service_apps import open_app
from infra.settings import EmbeddedSettings
from services.kit.logs import configure_logs
from services.kit.scope import scope_keys
from services.kit.serving import Listener, LocalPort, serve_until_stopped
from services.kit.traces_wiring import open_tracing
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import open_vault

_ORDER = ("cases", "progress", "mentoring", "linting", "feedback", "evaluation", "gateway", "dashboard")
"""Those that learners and mentors call last: what they call is there when they answer, and outlives them."""


async def serve(settings: EmbeddedSettings) -> int:
    """Serve until told to stop; returns the exit status."""
    vault = open_vault(settings.mode, settings.home)
    _, verifier = scope_keys(vault.secrets)
    life = settings.tls.service_lifetime
    credentials = {
        name: Credential(vault.authority, Identity.service(name), settings.leaf(name), lifetime=life)
        for name in (*SERVICES, "proxy")
    }
    places: dict[str, Path | LocalPort] = {name: settings.socket(name) for name in _ORDER}
    places["dashboard"] = LocalPort(settings.dashboard_port_file, settings.dashboard_port or 0)
    async with open_tracing(settings.traces), AsyncExitStack() as stack:
        # The Hub's proxy cannot renew its own certificate: it takes up what lies in the file. All that it calls with
        # it is the desk, which lives here.
        await stack.enter_async_context(credentials["proxy"].kept_fresh())
        listeners = [
            Listener(
                await stack.enter_async_context(open_app(name, settings, vault, credentials[name], lambda: verifier)),
                credentials[name],
                places[name],
            )
            for name in _ORDER
        ]
        return await serve_until_stopped(listeners, vault.authority)


def main() -> int:
    """Entry point of the process."""
    os.umask(0o077)
    settings = EmbeddedSettings()
    settings.prepare()
    configure_logs(settings.logs)
    return asyncio.run(serve(settings))


if __name__ == "__main__":
    sys.exit(main())
