import asyncio
import logging

import httpx

from infra.settings import EmbeddedSettings
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.kit.http import tls_client
from services.kit.places import Address
from spawner.certificates import EnvironmentCertificates
from spawner.platform import Platform
from vault.errors import VaultError
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import Vault

_log = logging.getLogger("jupyterhub")


def open_platform(settings: EmbeddedSettings, vault: Vault) -> Platform:
    """Make what the Hub's spawners and pages need, with the Hub's own certificate."""
    credential = Credential(
        vault.authority, Identity.service("hub"), settings.leaf("hub"), lifetime=settings.tls.service_lifetime
    )
    return Platform(
        cases=CasesClient(_client(credential, settings, "cases")),
        progress=ProgressClient(_client(credential, settings, "progress")),
        mentoring=MentoringClient(_client(credential, settings, "mentoring")),
        certificates=EnvironmentCertificates(vault.authority),
        run_dir=settings.run_dir,
        gateway_dir=settings.gateway_dir,
        hub_dir=settings.hub_dir,
        homes_dir=settings.home / "homes",
        data_dir=settings.home / "data",
        gateway_address=_address(settings),
        learner_env=settings.learner_env,
        environments=settings.environments,
        hidden=(settings.project, settings.cases, settings.home, settings.run_dir),
    )


def _address(settings: EmbeddedSettings) -> str:
    place = settings.place("gateway")
    return str(place) if isinstance(place, Address) else ""


def _client(credential: Credential, settings: EmbeddedSettings, service: str) -> httpx.AsyncClient:
    client = tls_client(credential.client_context(), service, settings.place(service))

    async def renew_in_time(_: httpx.Request) -> None:
        # the Hub gives configuration no place to run a task in, so the certificate is renewed as it is used
        if credential.is_due:
            try:
                await asyncio.to_thread(credential.renew_when_due)
            except (VaultError, OSError) as error:
                # the old one lives for another half life; after that the other side refuses it
                _log.warning("the Hub's certificate is not renewed: %s", error)

    client.event_hooks["request"].append(renew_in_time)
    return client
