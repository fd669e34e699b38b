"""Whether Vault is open, which no service notices before it needs a certificate, hours later."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from vault.settings import VaultSettings

_STATE: Final = "/v1/sys/seal-status"


class VaultWatch:
    """Asks Vault what it tells everybody: whether it is sealed."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.registry = CollectorRegistry()
        self._open = Gauge(
            "caseloop_vault_open", "Whether Vault answers and is not sealed: 1 or 0.", registry=self.registry
        )

    async def figures(self) -> bytes:
        """As of now, in Prometheus' text format."""
        self._open.set(await self._is_open())
        return generate_latest(self.registry)

    async def _is_open(self) -> bool:
        try:
            answer = await self._client.get(_STATE)
            said = answer.json() if answer.is_success else {}
        except (httpx.HTTPError, ValueError):
            return False
        return said.get("initialized") is True and said.get("sealed") is False


@asynccontextmanager
async def watched_vault(settings: VaultSettings, patience: httpx.Timeout) -> AsyncIterator[VaultWatch]:
    """Watch the Vault of these settings, as they say whom to trust."""
    trusted = ssl.create_default_context(cafile=None if settings.ca is None else str(settings.ca))
    # Variables of the environment must not decide by whom it is asked.
    async with httpx.AsyncClient(
        base_url=settings.address.rstrip("/"), verify=trusted, timeout=patience, trust_env=False
    ) as client:
        yield VaultWatch(client)
