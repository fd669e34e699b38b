"""Whatever a service's schema allows or forbids, from whoever may call it: never a 5xx, and answers as promised.

`CASELOOP_SCHEMA_EXAMPLES=2000` makes so many calls of each service; without it there are few.
"""

import os
import random
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from services.contracts.errors import ErrorBody
from tests.services.schemas.made_calls import answer_to, complaint, enlivened, operations
from tests.services.schemas.whole_house import House, open_house
from vault.trust import LISTENERS

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]
EXAMPLES: Final = int(os.environ.get("CASELOOP_SCHEMA_EXAMPLES", "10"))
MODES: Final = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(project: Path) -> AsyncIterator[House]:
    lavish = {
        "CASELOOP_GATEWAY_REQUESTS_PER_SECOND": "1e6", "CASELOOP_GATEWAY_REQUEST_BURST": "1000000",
        "CASELOOP_GATEWAY_CHECKS_PER_SECOND": "1e6", "CASELOOP_GATEWAY_CHECK_BURST": "1000000",
        "CASELOOP_GATEWAY_ASSISTS_PER_SECOND": "1e6", "CASELOOP_GATEWAY_ASSIST_BURST": "1000000",
        "CASELOOP_DASHBOARD_REQUESTS_PER_SECOND": "1e6", "CASELOOP_DASHBOARD_REQUEST_BURST": "1000000",
        "CASELOOP_DASHBOARD_RUNS_PER_SECOND": "1e6", "CASELOOP_DASHBOARD_RUN_BURST": "1000000",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory(prefix="cl-") as folder:
        for name, value in lavish.items():
            patched.setenv(name, value)
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
        async with open_house(project, Path(folder)) as opened:
            yield opened


@pytest.mark.parametrize("service", LISTENERS)
async def test_every_route_has_somebody_who_may_call_it(house: House, service: str) -> None:
    found = operations(service, house.apps[service])
    assert {one.made.path for one in found} >= {"/health/live", "/health/ready", "/metrics"}
    assert len(found) > 3, "the service has routes of its own"
    assert [one.name for one in found if not one.callers] == []


@pytest.mark.parametrize("service", LISTENERS)
@given_settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
async def test_made_calls_are_answered_in_good_shape(house: House, service: str, data: st.DataObject) -> None:
    found = operations(service, house.apps[service])
    operation = data.draw(st.sampled_from([one for one in found if "/health" not in one.made.path]))
    case = data.draw(operation.made.as_strategy(generation_mode=data.draw(st.sampled_from(MODES))))
    call = enlivened(house, operation, case, random.Random(data.draw(st.integers(0, 2**32 - 1))))
    response = await answer_to(house, call)
    assert complaint(call, response) is None


@pytest.mark.parametrize("service", LISTENERS)
async def test_values_at_the_edges_of_the_schema_are_answered_in_good_shape(house: House, service: str) -> None:
    chance, found = random.Random(service), operations(service, house.apps[service])
    for operation in chance.sample(found, min(len(found), EXAMPLES)):
        made = operation.made
        generation = made.schema.config.generation_for(operation=made)
        cases = list(made.schema.iter_coverage_cases(made, generation_modes=list(MODES), generation_config=generation))
        for case in chance.sample(cases, min(len(cases), max(2, EXAMPLES // 5))):
            call = enlivened(house, operation, case, chance)
            assert complaint(call, await answer_to(house, call)) is None


HOSTILE: Final = {
    "nothing": b"",
    "not JSON": b"{'cells'",
    "not UTF-8": b"\xff\xfe\x00",
    "nested without end": b"[" * 100_000,
    "nested deeply": b'{"cells": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "half a character as a key": rb'{"\ud800": 1}',
    "not a number": b'{"cells": [NaN, Infinity]}',
    "a number of 5,000 digits": b'{"cells": ' + b"1" * 5_000 + b"}",
    "a list": b"[1, 2]",
    "null": b"null",
}


@pytest.mark.parametrize("service", LISTENERS)
async def test_bodies_that_no_schema_knows_break_nothing(house: House, service: str) -> None:
    chance = random.Random(service)
    for operation in operations(service, house.apps[service]):
        if not operation.made.body:
            continue
        case = operation.made.Case(
            method=operation.made.method.upper(),
            path_parameters={one.name: house.known[one.name][0] for one in operation.made.path_parameters},
            query={one.name: house.known[one.name][0] for one in operation.made.query if one.is_required},
            media_type="application/json",
        )
        for name, body in HOSTILE.items():
            case.body = body
            call = enlivened(house, operation, case, chance)
            response = await answer_to(house, call)
            assert complaint(call, response) is None, name
            assert response.is_error, f"{call} with {name}"
            assert ErrorBody.model_validate_json(response.content).error
