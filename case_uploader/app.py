from fastapi import FastAPI

from case_uploader import endpoints
from case_uploader.service import CaseService
from case_uploader.wiring import Backends
from services.kit.app import create_service


def create_app(service: CaseService, backends: Backends) -> FastAPI:
    """The app of the service `cases`; `service` comes from `wiring.reading_service` or `publishing_service`."""
    return create_service("cases", [endpoints.router], service=service, pings={"database": backends.database.ping})
