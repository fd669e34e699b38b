"""A check and the model's words for it as one trace: every service as it is wired, over TLS, code in a sandbox."""

import json
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI

from infra.service_apps import open_app
from infra.settings import EmbeddedSettings
from services.contracts.case import AuthorCase, LearnerCase
from services.contracts.lab import LabCheck
from services.kit.app import create_service
from services.kit.http import tls_client
from services.kit.peer import require_peer
from services.kit.scope import scope_keys
from services.kit.serving import Listener, serving
from services.kit.settings import TraceSettings
from services.kit.traces_wiring import open_tracing
from tests.otlp_receiver import Collector, Received, collecting
from tests.services.feedback.conftest import answered, shop
from tests.services.gateway.test_gateway_over_tls import hub_on
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import Vault, open_vault

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

SECRET: Final = "lenas_own_4711"
ANSWER: Final = f"""
{SECRET} = 1  # {SECRET}
print("{SECRET}")
table = pd.DataFrame({{"name": names, "price": prices}})
mean_price = table["price"].sum()
"""
FORCED: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BEHIND: Final = ("progress", "mentoring", "runner", "feedback", "gateway")


@dataclass
class Town:
    """All services of a check, each with a listener and a certificate of its own, in this process."""

    settings: EmbeddedSettings
    vault: Vault
    case: AuthorCase
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    """Those that services keep as long as their process lives."""

    def client(self, *where: Any, **how: Any) -> httpx.AsyncClient:
        self.clients.append(tls_client(*where, **how))
        return self.clients[-1]

    def credential(self, identity: Identity) -> Credential:
        leaf = self.settings.leaf(identity.name or "lab")
        return Credential(self.vault.authority, identity, leaf)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        verifier = scope_keys(self.vault.secrets)[1]
        async with AsyncExitStack() as stack:
            apps = [_cases(self.case)]
            for name in BEHIND:
                own = self.credential(Identity.service(name))
                app = open_app(name, self.settings, self.vault, own, lambda: verifier)
                apps.append(await stack.enter_async_context(app))
            listeners = [
                Listener(app, self.credential(Identity.service(app.state.name)), self.settings.socket(app.state.name))
                for app in apps
            ]
            async with hub_on(self.settings.hub_listens), serving(listeners, self.vault.authority):
                yield
            for client in self.clients:
                await client.aclose()

    def lab(self) -> httpx.AsyncClient:
        """The Lab of Ada, who would like to have a say in what is recorded."""
        mine = self.credential(Identity.env("ada", self.case.id, self.case.version, "n0nce"))
        http = tls_client(mine.client_context(), "gateway", self.settings.socket("gateway"), httpx.Timeout(120))
        http.headers.update({"Authorization": "token tokenofada", "traceparent": FORCED, "User-Agent": SECRET})
        return http


def _cases(case: AuthorCase) -> FastAPI:
    """A double of `cases`, which knows one version."""
    seen = LearnerCase(
        id=case.id, version=case.version, number=1, title=case.title, summary="", level="introductory", minutes=30,
        ai_mode="full", strictness=case.strictness, topics=(), scope_mode="strict", languages=("en",),
        quotas=case.quotas, subtasks=tuple(subtask.view for subtask in case.subtasks), notebook={"cells": []}, data=(),
    )  # fmt: skip
    routes = APIRouter(dependencies=[Depends(require_peer("gateway", "feedback"))])

    @routes.get("/versions/{version}/learner")
    async def learner(version: str) -> LearnerCase:
        return seen

    @routes.get("/versions/{version}/author")
    async def author(version: str) -> AuthorCase:
        return case

    return create_service("cases", [routes])


@pytest.fixture
def town(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setenv("CASELOOP_MODEL_KIND", "scripted")
    with tempfile.TemporaryDirectory(prefix="tr-") as folder:
        place = Path(folder)
        settings = EmbeddedSettings(
            home=place / "home", run_dir=place / "run", learner_env=project / ".venv-learner", _env_file=None
        )
        settings.prepare()
        made = Town(settings, open_vault(settings.mode, settings.home), shop())
        monkeypatch.setattr("infra.service_apps.tls_client", made.client)
        yield made


async def _last(lab: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the last event of a stream says."""
    async with lab.stream("POST", path, json=body) as answer:
        assert answer.status_code == 200, await answer.aread()
        lines = [line async for line in answer.aiter_lines() if line.startswith("data: ")]
    said: dict[str, Any] = json.loads(lines[-1].removeprefix("data: "))
    return said


async def _one_check(town: Town, collector: Collector) -> dict[str, Any]:
    async with open_tracing(TraceSettings(endpoint=collector.endpoint)), town.serving(), town.lab() as lab:
        assert (await lab.post("/api/assistance/choice", json={"ai": True})).is_success
        check = LabCheck(subtask="shelf", cells=answered(town.case, shelf=ANSWER))
        checked = await _last(lab, "/api/check", check.model_dump(mode="json"))
        assert checked["feedback"]["verdict"] == "needs_work", checked
        return await _last(lab, "/api/words", {"submission": checked["submission"]})


def _root(spans: list[Received], name: str) -> Received:
    (found,) = (span for span in spans if span.name == name and span.kind == "server" and not span.parent)
    return found


async def test_a_check_and_its_words_are_one_connected_trace_without_a_word_of_the_learner(town: Town) -> None:
    with collecting() as collector:
        worded = await _one_check(town, collector)
    assert worded["feedback"]["words_by"] == "model"
    root = _root(collector.spans, "POST /api/check")
    assert root.service == "gateway"
    assert root.trace not in FORCED
    assert root.attributes["caseloop.caller"] == "env"
    trace = [span for span in collector.spans if span.trace == root.trace]
    ids = {span.id for span in trace}
    assert [span.name for span in trace if span.parent not in ids] == [root.name]

    by_id = {span.id: span for span in trace}

    def way(span: Received) -> list[str]:
        """Services from the gateway to a span."""
        above = way(by_id[span.parent]) if span.parent else []
        return above if above[-1:] == [span.service] else [*above, span.service]

    def parts(service: str, kind: str) -> set[str]:
        return {span.name for span in trace if (span.service, span.kind) == (service, kind)}

    assert len(parts("progress", "server")) >= 3, "recorded, concluded, worded"
    assert "GET /versions/{version}/author" in parts("cases", "server")
    assert {"POST /checks", "POST /words"} <= parts("feedback", "server")
    assert {"recording", "judging", "saving"} <= parts("gateway", "internal")
    assert {"restoring", "baseline", "running", "comparing", "wording"} <= parts("feedback", "internal")
    assert {"session", "cells", "check", "done", "end"} <= parts("runner", "internal")
    (model,) = (span for span in trace if span.name == "chat scripted")
    assert way(model) == ["gateway", "feedback"]
    assert model.attributes["gen_ai.operation.name"] == "chat"
    assert int(model.attributes["gen_ai.usage.output_tokens"]) > 0
    (run, *_) = (span for span in trace if span.name == "POST /runs" and span.service == "runner")
    assert way(run) == ["gateway", "feedback", "runner"]
    judged = next(span for span in trace if span.name == "POST /checks" and span.kind == "server")
    assert {name: judged.attributes[f"caseloop.{name}"] for name in ("case", "subtask", "verdict")} == {
        "case": "shop",
        "subtask": "shelf",
        "verdict": "needs_work",
    }

    # The words were asked for in a request of its own, which says what it belongs to.
    asked = _root(collector.spans, "POST /api/words")
    assert asked.trace != root.trace
    assert asked.links == (root.trace,)

    wire = b"".join(collector.bodies)
    assert b"comparing" in wire
    for text in (SECRET, "mean_price", "tokenofada"):
        assert text.encode() not in wire
    told = {str(value) for span in collector.spans for value in (span.name, *span.attributes.values())}
    assert [text for text in told if re.search(r"\bada\b", text)] == []
