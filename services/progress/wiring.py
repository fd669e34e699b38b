"""Choosing the adapters. The mode is matched here and nowhere else in this package."""

from fastapi import FastAPI

from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.database import Database
from services.kit.scope import ScopeVerifier
from services.kit.settings import Settings
from services.progress.app import create_app


class NoAdapter(Exception):
    """This version has no adapter for the chosen mode."""


def build(settings: Settings, scope_verifier: ScopeVerifier) -> FastAPI:
    """Make `progress` as the settings say. Raises NoAdapter."""
    match settings.mode:
        case "embedded":
            db = Database(f"sqlite+aiosqlite:///{settings.home / 'progress.sqlite'}")
            objects = DirectoryObjectStore(settings.home / "objects" / "progress")
            return create_app(db, objects, scope_verifier)
        case "production":
            raise NoAdapter(
                "progress needs a PostgreSQL database and an object store in production mode, and this version has no "
                "adapter for either; set CASELOOP_MODE=embedded"
            )
