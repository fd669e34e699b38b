"""Events that no honest recorder sends: refused in good shape or harmless, and never half kept."""

import json
from typing import Any

import pytest

from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.errors import ErrorBody, ServiceError
from services.contracts.session import MAX_EVENTS, RecordingChoice
from services.kit.http import in_process_client
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

Fixture = Any
GOOD = {"seq": 0, "at": 0, "kind": "focus", "data": {}}


@pytest.fixture(autouse=True)
async def agreed(desk: Fixture) -> None:
    await desk.client.choose_recording(RecordingChoice(record=True), desk.scope())


async def _sent(desk: Fixture, body: str | bytes) -> tuple[int, str]:
    async with in_process_client(desk.app, "gateway") as http:
        headers = {SCOPE_HEADER: desk.scope(), "Content-Type": "application/json"}
        answer = await http.post("/events", content=body, headers=headers)
    error = ErrorBody.model_validate_json(answer.content).error if answer.is_error else ""
    return answer.status_code, error


def _batch(*events: object, **other: object) -> str:
    batch = {"session": "1" * 32, "started": "2026-11-20T12:00:00Z", "events": [GOOD, *events]} | other
    return json.dumps(batch)


def _edit(**data: object) -> dict[str, object]:
    return {"seq": 1, "at": 1, "kind": "edit", "cell": "a", "data": {"at": 0, "removed": 0, "inserted": "x"} | data}


BAD = {
    "a negative number": _batch({**GOOD, "seq": -1}),
    "a number beyond the database's": _batch({**GOOD, "seq": 2**63}),
    "a time beyond the database's": _batch({**GOOD, "at": 10**30}),
    "a negative time": _batch({**GOOD, "at": -5}),
    "an unknown kind": _batch({**GOOD, "kind": "keylog"}),
    "a field that is not asked for": _batch({**GOOD, "who": "somebody else"}),
    "data where none is kept": _batch({**GOOD, "seq": 1, "data": {"clipboard": "private"}}),
    "a name of a cell as long as a page": _batch({**_edit(), "cell": "c" * 65}),
    "an edit nowhere": _batch({**_edit(), "cell": None}),
    "an edit at a negative place": _batch(_edit(at=-1)),
    "an edit that removes less than nothing": _batch(_edit(removed=-1)),
    "an edit at half a place": _batch(_edit(at=0.5)),
    "an edit at true": _batch(_edit(at=True)),
    "an edit beyond all numbers": _batch(_edit(at=2**40)),
    "half of a character": _batch(_edit(inserted="\ud83d")),
    "half of a character as a cell": _batch({**_edit(), "cell": "\udc00"}),
    "text that is a list": _batch(_edit(inserted=["x"])),
    "a snapshot of too many cells": _batch(
        {**GOOD, "seq": 1, "kind": "snapshot", "data": {"cells": [{"id": f"c{n}", "source": ""} for n in range(1_001)]}}
    ),
    "a snapshot with outputs": _batch(
        {**GOOD, "seq": 1, "kind": "snapshot", "data": {"cells": [{"id": "a", "source": "", "outputs": ["mine"]}]}}
    ),
    "a paste of not a number": _batch({**GOOD, "seq": 1, "kind": "paste", "cell": "a", "data": {"length": "NaN"}}),
    "too many events": _batch(*[{**GOOD, "seq": n} for n in range(1, MAX_EVENTS + 1)]),
    "a session that is a path": _batch(session="../../etc/passwd" + "0" * 16),
    "a beginning that is no time": _batch(started="yesterday"),
    "JSON that is deep": _batch().replace('"data": {}', '"data": ' + '{"a":' * 5_000 + "1" + "}" * 5_000, 1),
    "JSON that is deeper than it can be written": _batch().replace(
        '"data": {}', '"data": ' + '{"a":' * 400 + "1" + "}" * 400, 1
    ),
    "JSON that is cut off": _batch()[:-5],
    "no JSON": "\x00\x01",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
async def test_a_bad_event_is_refused_with_its_whole_batch(desk: Fixture, body: str) -> None:
    status, error = await _sent(desk, body)
    assert (status, error) in {(422, "invalid_request"), (422, "event_invalid"), (400, "bad_request")}
    assert (await desk.client.recording(desk.scope())).sessions == 0


async def test_a_body_without_end_is_cut_off(desk: Fixture) -> None:
    status, error = await _sent(desk, b" " * (25 * 1024 * 1024))
    assert (status, error) == (413, "body_too_large")


async def test_a_refusal_names_the_event_and_does_not_repeat_its_text(desk: Fixture) -> None:
    async with in_process_client(desk.app, "gateway") as http:
        headers = {SCOPE_HEADER: desk.scope(), "Content-Type": "application/json"}
        answer = await http.post("/events", content=_batch(_edit(at="a password")), headers=headers)
    assert "event 1 (edit), at:" in answer.json()["detail"]
    assert "password" not in answer.text


async def test_the_ends_of_what_is_allowed_are_kept_and_replayed(desk: Fixture) -> None:
    most = 2**31 - 1
    events = [
        {
            "seq": 2,
            "at": 5,
            "kind": "edit",
            "cell": "a\u0000b",
            "data": {"at": most, "removed": most, "inserted": "\u0000😀"},
        },
        {"seq": 1, "at": most, "kind": "cell_created", "cell": "a\u0000b", "data": {"index": most}},
        {"seq": most, "at": 0, "kind": "cell_moved", "cell": "a\u0000b", "data": {"index": most}},
    ]
    assert await _sent(desk, _batch(*events)) == (200, "")
    part = await desk.mentor.session_of("ada", "numbers", "1" * 32, desk.mentor_scope(), most)
    assert [(cell.id, cell.source) for cell in part.start] == [("a\x00b", "\x00😀")]
    assert part.summary.gaps[0].first == 3
    assert part.summary.seconds == most / 1_000
    exported = json.loads("\n".join([line async for line in desk.client.export_sessions(desk.scope())]))
    assert [event["seq"] for event in exported["sessions"][0]["events"]] == [0, 1, 2, most]


async def test_numbers_far_apart_in_many_sessions_cost_nothing(
    desk: Fixture, batch_of: Fixture, event_of: Fixture
) -> None:
    for session in "0123456789abcdef":
        wide = [event_of(seq * 2_000_000, "focus", None, 0) for seq in range(1_000)]
        kept = await desk.client.record(batch_of(*wide, session=session), desk.scope())
        assert len(kept.missing) == 20
    assert len(await desk.client.own_sessions(desk.scope())) == 16


async def test_sessions_without_end_are_refused(
    desk: Fixture, batch_of: Fixture, event_of: Fixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.progress.sessions.recording.MOST_SESSIONS", 2)
    for session in "12":
        await desk.client.record(batch_of(event_of(0, "focus"), session=session), desk.scope())
    with pytest.raises(ServiceError, match="recording_full"):
        await desk.client.record(batch_of(event_of(0, "focus"), session="3"), desk.scope())
