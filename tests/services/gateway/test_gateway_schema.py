"""Whatever the schema allows or forbids, and whatever bytes come: never a 5xx, and every error in the one shape."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core import NOT_SET

from services.contracts.errors import ErrorBody
from services.gateway.settings import GatewaySettings

Fixture = Any


@pytest.fixture
def settings() -> GatewaySettings:
    return GatewaySettings(request_burst=10_000, check_burst=10_000, assist_burst=10_000, shutdown_grace=0.1)


@pytest.fixture
def calls(world: Fixture) -> list[Fixture]:
    """Strategies for right and wrong calls of every route of our own."""
    schema = schemathesis.openapi.from_dict(world.gateway.openapi())
    operations = [found.ok() for found in schema.get_all_operations()]
    own = [o for o in operations if o.path.startswith("/api")]
    assert len(own) == 36
    return [o.as_strategy(generation_mode=mode) for o in own for mode in GenerationMode]


def body_of(case: Fixture) -> bytes | None:
    if case.body is NOT_SET:
        return None
    return case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()


@given_settings(
    max_examples=160,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
async def test_every_call_is_answered_in_good_shape(lab: Fixture, calls: list[Fixture], data: st.DataObject) -> None:
    case = data.draw(data.draw(st.sampled_from(calls)))
    response = await lab.request(
        case.method,
        case.formatted_path,
        params={k: v for k, v in (case.query or {}).items() if isinstance(v, str | int)},
        content=body_of(case),
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code < 500, (case.method, case.formatted_path, case.body, response.text)
    if response.is_error:
        ErrorBody.model_validate_json(response.content)


def notebook(inner: str) -> bytes:
    return f'{{"saved": "2026-11-20T12:00:00Z", "digest": "{"0" * 64}", "notebook": {{"cells": {inner}}}}}'.encode()


HOSTILE = {
    "nothing": b"",
    "not JSON": b"{'cells'",
    "not UTF-8": b"\xff\xfe\x00",
    "deeply nested": notebook("[" * 500 + "]" * 500),
    "nested without end": notebook("[" * 100_000 + "]" * 100_000),
    "half a character": notebook(r'["\ud800"]'),
    "half a character as a key": notebook(r'{"\ud800": 1}'),
    "a nul": notebook(r'["\u0000"]'),
    "not a number": notebook("[NaN, Infinity]"),
    "a number of 5,000 digits": notebook("1" * 5_000),
    "doubled keys": notebook('1, "cells": 2'),
    "a list": b"[1, 2]",
    "null": b"null",
}


@pytest.mark.parametrize(
    "path",
    [
        "/api/notebook",
        "/api/check",
        "/api/review",
        "/api/review/dismissals",
        "/api/words",
        "/api/assistance/choice",
        "/api/hints",
        f"/api/hints/{'0' * 32}/reflection",
        f"/api/hints/{'0' * 32}/rating",
        "/api/chat",
        "/api/chat/reset",
    ],
)
async def test_hostile_bodies_break_nothing(lab: Fixture, path: str) -> None:
    method = "PUT" if path == "/api/notebook" else "POST"
    for name, body in HOSTILE.items():
        response = await lab.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code < 500, (name, response.text)
        if response.is_error:
            ErrorBody.model_validate_json(response.content)
        else:
            digest = response.json()["digest"]
            assert (await lab.get(f"/api/notebook/versions/{digest}")).status_code == 200, name


async def test_half_a_character_in_a_cells_metadata_is_refused(lab: Fixture) -> None:
    body = rb'{"subtask": "mean", "cells": [{"id": "a", "source": "", "metadata": {"tags": ["\ud800"]}}]}'
    response = await lab.post("/api/check", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]) == (422, "invalid_request")
    assert "cells.0.metadata" in response.json()["detail"]


@pytest.mark.parametrize("source", ["\\ud800", "\\u0000", "\\u2028", "a\\r\\nb"])
async def test_odd_characters_in_code(lab: Fixture, checked: Fixture, source: str) -> None:
    body = f'{{"subtask": "mean", "cells": [{{"id": "mean-answer", "source": "{source}"}}]}}'.encode()
    async with lab.stream("POST", "/api/check", content=body, headers={"Content-Type": "application/json"}) as response:
        said = (await response.aread()).decode()
    assert response.status_code == (422 if source == "\\ud800" else 200), said
    if response.status_code == 200:
        assert "event: feedback" in said
        (version,) = (await lab.get("/api/history")).json()
        restored = (await lab.get(f"/api/history/{version['submission']}")).json()
        assert restored["cells"][0]["source"] == json.loads(f'"{source}"')
