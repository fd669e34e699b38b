from pathlib import Path
from typing import Final

from fastapi import FastAPI

from evaluation.serving import endpoints
from evaluation.serving.service import EvaluationService
from evaluation.settings import EvaluationSettings
from services.kit.app import create_service
from services.kit.scope import ScopeVerifier

_BODY_BYTES: Final = 64 * 1024
"""A label is the largest body."""


def create_app(home: Path, scope_verifier: ScopeVerifier, settings: EvaluationSettings | None = None) -> FastAPI:
    """Make the app of `evaluation` over the runs and labels of one home. It judges and runs nothing itself."""
    service = EvaluationService(home, settings or EvaluationSettings())
    return create_service(
        "evaluation", [endpoints.router], service=service, scope_verifier=scope_verifier, max_body_bytes=_BODY_BYTES
    )
