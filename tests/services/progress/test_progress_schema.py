"""Whatever the schema allows or forbids: never a 5xx, and every error in the one shape."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core import NOT_SET

from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.errors import ErrorBody
from services.kit.http import in_process_client

Fixture = Any


def body_of(case: Fixture) -> bytes | None:
    if case.body is NOT_SET:
        return None
    return case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()


def caller_of(path: str) -> str:
    if path.startswith("/users"):
        return "hub" if path.endswith(("/notebook", "/standing")) else "dashboard"
    return "dashboard" if path.startswith("/class") else "gateway"


@pytest.fixture
def calls(desk: Fixture) -> list[Fixture]:
    """Strategies for right and wrong calls of every route of our own."""
    schema = schemathesis.openapi.from_dict(desk.app.openapi())
    operations = [found.ok() for found in schema.get_all_operations()]
    own = [o for o in operations if not o.path.startswith(("/health", "/metrics"))]
    return [o.as_strategy(generation_mode=mode) for o in own for mode in GenerationMode]


@given_settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
async def test_every_call_is_answered_in_good_shape(desk: Fixture, calls: list[Fixture], data: st.DataObject) -> None:
    case = data.draw(data.draw(st.sampled_from(calls)))
    caller = caller_of(case.path)
    scope = desk.mentor_scope() if caller == "dashboard" else desk.scope()
    async with in_process_client(desk.app, caller) as http:
        response = await http.request(
            case.method,
            case.formatted_path,
            params={k: v for k, v in (case.query or {}).items() if isinstance(v, str | int)},
            content=body_of(case),
            headers={SCOPE_HEADER: scope, "Content-Type": "application/json"},
        )
    assert response.status_code < 500, (case.method, case.formatted_path, case.body, response.text)
    if response.is_error:
        ErrorBody.model_validate_json(response.content)
