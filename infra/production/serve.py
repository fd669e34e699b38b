"""`caseloop serve NAME`: one service in the foreground, as the container engine starts it."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import structlog
import uvicorn
from starlette.types import ASGIApp

from case_uploader.settings import ImageSettings
from infra.backup.figures import backup_figures, told_by
from infra.backup.schedule import serve_backups
from infra.backup.settings import BackupSettings
from infra.production.builds_door import BuildRules, builds_app
from infra.production.checks_door import CheckRules, checks_app
from infra.production.engine_door import Rules, door_app
from infra.production.hub import serve_hub
from infra.production.metrics import PORT, open_metrics
from infra.production.settings import ProductionSettings
from infra.production.wiring import not_production
from infra.service_apps import open_app
from infra.settings import EmbeddedSettings
from services.kit.logs import configure_logs
from services.kit.places import OpenPort
from services.kit.scope import scope_verifier
from services.kit.serving import Listener, serve_until_stopped
from services.kit.traces_wiring import open_tracing
from spawner.processes import boxes
from vault.files import private_folder
from vault.identity import Identity
from vault.rotation import Credential
from vault.trust import LISTENERS
from vault.wiring import Vault, open_vault

_log = structlog.get_logger(__name__)


SERVED = (*sorted(LISTENERS), "backup", "builds-door", "checks-door", "engine-door", "hub", "metrics")
"""All that the container engine can start."""
ENGINE = Path("/run/docker.sock")
_OF_A_CONTEXT = 64 << 20
"""What a build is sent besides wheels, and around them."""

_END_SECONDS = 2
"""How long calls that wait for something hold up the end of a door."""


class CannotServe(Exception):
    """Something outside is in the way of a start; the message says what to do."""


def serve(name: str, settings: ProductionSettings) -> int:
    """Serve until SIGTERM; returns the exit status. CannotServe; what the service's wiring raises."""
    check(name, settings)
    configure_logs(settings.logs)
    settings.prepare()
    if settings.scratch is not None:
        use_scratch(settings.scratch)
    match name:
        case "backup":
            return _serve_backup(settings, BackupSettings())
        case "builds-door":
            return asyncio.run(_serve_builds_door(settings, ImageSettings()))
        case "checks-door":
            return asyncio.run(_serve_checks_door(settings))
        case "engine-door":
            return asyncio.run(_serve_door(settings))
        case "hub":
            return asyncio.run(serve_hub(settings, open_vault(settings.mode, settings.home)))
        case "metrics":
            return asyncio.run(_serve_metrics(settings, open_vault(settings.mode, settings.home)))
        case _:
            return asyncio.run(_serve(name, settings, open_vault(settings.mode, settings.home)))


def check(name: str, settings: ProductionSettings, user: Callable[[], int] = os.geteuid) -> None:
    """Refuse what must not be started in production. CannotServe."""
    if name not in SERVED:
        raise CannotServe(f"There is no service {name}; there are {', '.join(SERVED)}.")
    if (wrong := not_production(settings.mode)) is not None:
        raise CannotServe(wrong)
    if user() == 0:
        raise CannotServe(f"{name} must not run as root: give its container another account (`user:`).")
    if name == "hub" and settings.isolation == "bubblewrap":
        raise CannotServe("CASELOOP_ISOLATION=bubblewrap: in production learners work in containers; say `docker`.")
    if name == "metrics":
        return
    if settings.is_networked and name in LISTENERS:
        return
    place = settings.socket(name).parent
    if not os.access(place, os.W_OK | os.X_OK):
        raise CannotServe(
            f"{name} cannot write into {place}: mount it from the host, where `caseloop production init` makes it."
        )


def use_scratch(folder: Path) -> None:
    """Have all temporary files lie there; what was left by one that was killed goes."""
    private_folder(folder)
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink()
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None


async def _serve(name: str, settings: ProductionSettings, vault: Vault) -> int:
    life = settings.tls.service_lifetime
    credential = Credential(vault.authority, Identity.service(name), settings.leaf(name), lifetime=life)
    place = OpenPort(settings.network_port) if settings.is_networked else settings.socket(name)
    async with (
        open_tracing(settings.traces),
        open_app(name, settings, vault, credential, lambda: scope_verifier(vault.secrets)) as app,
    ):
        _log.info("starting", service=name, mode=settings.mode)
        return await serve_until_stopped([Listener(app, credential, place)], vault.authority)


async def _serve_metrics(settings: ProductionSettings, vault: Vault) -> int:
    async with open_metrics(settings, vault) as app:
        await _plain(app, host=settings.metrics_host, port=PORT)
    return 0


def _serve_backup(settings: ProductionSettings, wanted: BackupSettings) -> int:
    # a container's own root is where the engine keeps all containers, and the volumes of PostgreSQL and Vault
    places = (settings.home / "homes", *([wanted.folder] if wanted.folder else []), Path("/"))
    with told_by(settings.socket("backup"), backup_figures(wanted, *places)):
        return asyncio.run(serve_backups(settings, wanted))


async def _serve_door(settings: ProductionSettings) -> int:
    transport = httpx.AsyncHTTPTransport(uds=str(ENGINE))
    rules = Rules(settings.learner_image.rpartition(":")[0], shown_folders(settings), f"{os.geteuid()}:{os.getegid()}")
    async with httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=60, trust_env=False) as engine:
        await _plain(door_app(engine, rules), uds=str(settings.socket("engine-door")))
    return 0


async def _serve_checks_door(settings: ProductionSettings) -> int:
    transport = httpx.AsyncHTTPTransport(uds=str(ENGINE), limits=httpx.Limits(max_connections=None))
    # the end of a container, and its lack of memory, are waited for as long as it runs
    patience = httpx.Timeout(60, read=None)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://engine", timeout=patience, trust_env=False
    ) as engine:
        app = checks_app(engine, check_rules(settings))
        await _plain(app, uds=str(settings.socket("checks-door")), timeout_graceful_shutdown=_END_SECONDS)
    return 0


def check_rules(settings: EmbeddedSettings) -> CheckRules:
    """What containers for checks may be made of: the code that runs in them, their ways in, and cases' files."""
    return CheckRules(settings.learner_image.rpartition(":")[0], (settings.checks_run_dir, settings.checks_dir))


async def _serve_builds_door(settings: ProductionSettings, images: ImageSettings) -> int:
    transport = httpx.AsyncHTTPTransport(uds=str(ENGINE))
    # a step of a build may say nothing for as long as the whole may take
    patience = httpx.Timeout(60, read=images.seconds + 60)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://engine", timeout=patience, trust_env=False
    ) as engine:
        app = builds_app(engine, build_rules(settings, images))
        await _plain(app, uds=str(settings.socket("builds-door")))
    return 0


def build_rules(settings: EmbeddedSettings, images: ImageSettings) -> BuildRules:
    """What images of cases may be made of, as both the door and those who make them are told."""
    return BuildRules(
        image=settings.learner_image.rpartition(":")[0],
        bases=frozenset({images.base} - {""}),
        most_bytes=(images.most_mb << 20) + _OF_A_CONTEXT,
        memory_bytes=images.memory_mb << 20,
        stock_base=images.stock_base if images.stock_packs else "",
    )


def shown_folders(settings: EmbeddedSettings) -> tuple[Path, ...]:
    """What may be mounted into learners' containers: their work, datasets, their boxes, and the two doors."""
    return (
        settings.home / "homes",
        settings.home / "data",
        boxes(settings.run_dir),
        settings.hub_dir,
        settings.gateway_dir,
    )


async def _plain(app: ASGIApp, **where: Any) -> None:
    """Serve without TLS, where the file system or the network lets one caller only come near."""
    await uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, server_header=False, **where)
    ).serve()
