"""Choosing the adapters. The mode is matched here and nowhere else in this package."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.clock import utc_now
from services.kit.database import Database
from services.kit.migrations import migrate
from services.kit.scope import ScopeVerifier
from services.kit.settings import Settings
from services.progress.app import create_app
from services.progress.sessions.forgetting import Forgetting
from services.progress.sessions.models import JOBS
from services.progress.style.erasure import Erasure


class NoAdapter(Exception):
    """This version has no adapter for the chosen mode."""


def build(settings: Settings, scope_verifier: ScopeVerifier) -> FastAPI:
    """Make `progress` as the settings say. Raises NoAdapter."""
    db = open_database(settings)
    return create_app(db, DirectoryObjectStore(settings.home / "objects" / "progress"), scope_verifier)


def open_database(settings: Settings) -> Database:
    """The database of `progress`, to be migrated. Raises NoAdapter."""
    match settings.mode:
        case "embedded":
            return Database(f"sqlite+aiosqlite:///{settings.home / 'progress.sqlite'}")
        case "production":
            raise NoAdapter(
                "progress needs a PostgreSQL database and an object store in production mode, and this version has no "
                "adapter for either; set CASELOOP_MODE=embedded"
            )


@asynccontextmanager
async def open_forgetting(settings: Settings) -> AsyncIterator[Forgetting]:
    """For operators, who may have what was recorded of learners forgotten. Raises NoAdapter, MigrationFailed."""
    db = open_database(settings)
    try:
        await migrate(db, "services.progress")
        yield Forgetting(db, TableJobQueue(db, JOBS), utc_now)
    finally:
        await db.close()


@asynccontextmanager
async def open_erasure(settings: Settings) -> AsyncIterator[Erasure]:
    """Deletion of what is kept of a learner's style reviews; also while Caseloop is running. Raises NoAdapter."""
    db = open_database(settings)
    try:
        await migrate(db, "services.progress")
        yield Erasure(db, TableJobQueue(db, JOBS), utc_now)
    finally:
        await db.close()
