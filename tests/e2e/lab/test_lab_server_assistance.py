"""The Jupyter server's side of words, hints and chat: forwarded as they are, and no part of a stream is held back."""

import http.client
import json
from collections.abc import Iterator
from typing import TypeVar

import pytest
from pydantic import BaseModel

from services.contracts.assistance import Assistance
from services.contracts.chat import ChatDone, Conversation
from services.contracts.errors import ErrorBody
from services.contracts.hint import HintShelf, HintView
from services.contracts.lab import LabFeedback, LabWorded
from tests.e2e.lab.assistance_double import AiOff
from tests.e2e.lab.conftest import JupyterServer
from tests.e2e.lab.gateway_double import Desk
from tests.e2e.lab.lab_page import eventually
from tests.e2e.lab.test_lab_server_extension import Browser

_Model = TypeVar("_Model", bound=BaseModel)
pytestmark = pytest.mark.browser
CELLS = [{"id": "total", "source": "for price in prices:\n    total = price"}]
ASK_HINT = json.dumps({"subtask": "total", "kind": "debug", "cells": CELLS})
ASK_CHAT = json.dumps({"subtask": "total", "cells": CELLS, "text": "Why is it 9000?"})


@pytest.fixture
def web(server: JupyterServer, desk: Desk) -> Iterator[Browser]:
    browser = Browser(server.url)
    desk.assistant.choice = True
    yield browser
    browser.close()


def events(body: str) -> list[tuple[str, str]]:
    parts = [part.strip().split("\n") for part in body.split("\n\n") if part.strip() and not part.startswith(":")]
    return [(part[0].removeprefix("event: "), part[1].removeprefix("data: ")) for part in parts]


def said(model: type[_Model], body: str) -> _Model:
    return model.model_validate_json(body)


def checked(web: Browser) -> LabFeedback:
    body = web.ask("POST", "/caseloop/api/check", json.dumps({"subtask": "total", "cells": CELLS})).body
    return said(LabFeedback, events(body)[-1][1])


def test_the_choice_about_ai_is_made_and_read(web: Browser, desk: Desk) -> None:
    assert said(Assistance, web.ask("POST", "/caseloop/api/assistance/choice", '{"ai": false}').body).choice is False
    assert said(Assistance, web.ask("GET", "/caseloop/api/assistance").body).choice is False
    assert desk.assistant.chosen == [False]


def test_the_words_of_a_judged_version(web: Browser, desk: Desk) -> None:
    submission = checked(web).submission
    parts = events(web.ask("POST", "/caseloop/api/words", json.dumps({"submission": submission})).body)
    assert [name for name, _ in parts] == ["words", "words", "worded"]
    assert said(LabWorded, parts[-1][1]).feedback.words_by == "model"


def test_a_hint_from_the_question_to_the_rating(web: Browser, desk: Desk) -> None:
    desk.assistant.mode = "lead_and_reveal"
    hint = said(HintView, web.ask("POST", "/caseloop/api/hints", ASK_HINT).body)
    eventually(lambda: desk.assistant.hint(hint.id).state == "reflect")
    reflection = json.dumps({"text": "it keeps the last price"})
    web.ask("POST", f"/caseloop/api/hints/{hint.id}/reflection", reflection)
    parts = events(web.ask("GET", f"/caseloop/api/hints/{hint.id}/events").body)
    assert said(HintView, parts[-1][1]).state == "ready"
    web.ask("POST", f"/caseloop/api/hints/{hint.id}/rating", '{"helpful": true}')
    shelf = said(HintShelf, web.ask("GET", "/caseloop/api/hints?subtask=total").body)
    assert [(known.helpful, known.reflection) for known in shelf.hints] == [(True, "it keeps the last price")]
    assert said(HintShelf, web.ask("GET", "/caseloop/api/hints?subtask=mean").body).hints == ()


def test_a_conversation(web: Browser, desk: Desk) -> None:
    parts = events(web.ask("POST", "/caseloop/api/chat", ASK_CHAT).body)
    answer = said(ChatDone, parts[-1][1]).answer
    assert "".join(json.loads(data)["text"] for name, data in parts if name == "delta") == answer.text
    kept = said(Conversation, web.ask("GET", "/caseloop/api/chat?subtask=total").body)
    assert [message.text for message in kept.messages] == ["Why is it 9000?", answer.text]
    assert said(Conversation, web.ask("GET", "/caseloop/api/chat?subtask=mean").body).messages == ()
    emptied = web.ask("POST", "/caseloop/api/chat/reset", '{"subtask": "total"}')
    assert said(Conversation, emptied.body).messages == ()


def test_what_the_gateway_refuses_passes_unchanged(web: Browser, desk: Desk) -> None:
    desk.assistant.refusal = AiOff("This case is solved without an assistant.")
    for path, body in (("hints", ASK_HINT), ("chat", ASK_CHAT)):
        reply = web.ask("POST", f"/caseloop/api/{path}", body)
        assert (reply.status, reply.error) == (403, "ai_off")
    assert web.ask("GET", "/caseloop/api/hints/" + "0" * 32 + "/events").error == "hint_not_found"


def test_an_answer_that_breaks_off_ends_with_the_gateways_own_error(web: Browser, desk: Desk) -> None:
    desk.assistant.breaks = AiOff("The assistant was switched off.")
    name, data = events(web.ask("POST", "/caseloop/api/chat", ASK_CHAT).body)[-1]
    assert (name, said(ErrorBody, data).error) == ("error", "ai_off")


@pytest.mark.parametrize("stream", ["words", "hint", "chat"])
def test_each_part_arrives_when_it_is_said(web: Browser, desk: Desk, stream: str) -> None:
    submission = checked(web).submission
    desk.assistant.hold.clear()
    response = opened(web, stream, submission)
    assert response.headers["Content-Type"].startswith("text/event-stream")
    while not response.readline().startswith(b"data:"):
        pass
    # The first part was read while the gateway waits for this before it says the others:
    desk.assistant.hold.set()
    assert any(line.startswith(b"event:") for line in response.readlines())


@pytest.mark.parametrize("stream", ["words", "hint", "chat"])
def test_leaving_a_stream_reaches_the_gateway(web: Browser, desk: Desk, stream: str) -> None:
    submission = checked(web).submission
    desk.assistant.hold.clear()
    response = opened(web, stream, submission)
    response.readline()
    response.close()
    web.close()
    eventually(lambda: desk.assistant.cancelled == 1)


def opened(web: Browser, stream: str, submission: str) -> http.client.HTTPResponse:
    if stream == "words":
        return web.open("POST", "/caseloop/api/words", json.dumps({"submission": submission}))
    if stream == "chat":
        return web.open("POST", "/caseloop/api/chat", ASK_CHAT)
    hint = said(HintView, web.ask("POST", "/caseloop/api/hints", ASK_HINT).body)
    return web.open("GET", f"/caseloop/api/hints/{hint.id}/events")


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "words", 405, "method_not_allowed"),
        ("POST", "assistance", 405, "method_not_allowed"),
        ("GET", "hints/short/events", 404, "unknown_path"),
        ("GET", "hints/" + "0" * 32, 404, "unknown_path"),
        ("POST", "hints/" + "0" * 32 + "/text", 404, "unknown_path"),
        ("POST", "hints/../chat", 404, "unknown_path"),
        ("GET", "chat/reset", 405, "method_not_allowed"),
        ("POST", "chat/export", 404, "unknown_path"),
    ],
)
def test_nothing_else_of_the_assistant_is_forwarded(
    web: Browser, desk: Desk, method: str, path: str, status: int, error: str
) -> None:
    reply = web.ask(method, f"/caseloop/api/{path}", "{}" if method == "POST" else None)
    assert (reply.status, reply.error) == (status, error)
