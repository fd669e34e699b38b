import asyncio
import hashlib

import pytest

from case_uploader.drafts import DraftStore
from case_uploader.format.case_folder import read_case_folder
from services.contracts.clients.cases import CasesClient
from services.contracts.errors import ServiceError
from services.kit.http import in_process_client
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

DIGEST = "0" * 64


async def _read(client, digest):
    return b"".join([part async for part in client.data(digest)])


async def _refusal(call):
    with pytest.raises(ServiceError) as caught:
        await call
    return caught.value.status, caught.value.error


async def test_the_learners_side_sees_the_learners_view(bench, case_folder):
    summary = (await bench.publish(case_folder))[-1].summary
    for name in ("gateway", "hub"):
        client = bench.clients[name]
        assert (await client.published())[0] == summary
        case = await client.current("coffee-sales")
        assert case == await client.learner(summary.version)
        assert (case.number, case.version) == (1, summary.version)
        text = case.model_dump_json()
        assert "earned.sum" not in text
        assert "196.7" not in text


async def test_the_hub_gets_the_titles_of_all_subtasks_at_once_and_reads_each_version_once(
    bench, case_folder, monkeypatch
):
    summary = (await bench.publish(case_folder))[-1].summary
    hub = bench.clients["hub"]
    case = await hub.current("coffee-sales")
    (outline,) = await hub.outlines()
    assert (outline.id, outline.version, outline.title) == (case.id, summary.version, case.title)
    assert outline.subtasks == case.subtasks
    monkeypatch.setattr(bench.backends.objects, "get", None)
    assert await hub.outlines() == (outline,)
    for name in ("gateway", "feedback", "runner"):
        assert await _refusal(bench.clients[name].outlines()) == (403, "caller_not_allowed")


async def test_feedback_sees_the_reference(bench, case_folder):
    summary = (await bench.publish(case_folder))[-1].summary
    case = await bench.clients["feedback"].author(summary.version)
    assert case == read_case_folder(case_folder).draft.author
    assert "earned.sum" in case.subtasks[0].reference["total-revenue-answer"]


async def test_runner_and_hub_read_the_data(bench, case_folder):
    await bench.publish(case_folder)
    content = (case_folder / "data" / "sales.csv").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    for name in ("runner", "hub"):
        assert await _read(bench.clients[name], digest) == content


async def test_only_data_can_be_read_as_data(bench, case_folder):
    await bench.publish(case_folder)
    views = await bench.objects() - {
        hashlib.sha256((case_folder / "data" / "sales.csv").read_bytes()).hexdigest(),
    }
    assert len(views) == 2
    for digest in (*views, DIGEST):
        for name in ("runner", "hub"):
            assert await _refusal(_read(bench.clients[name], digest)) == (404, "data_not_found")


async def test_a_draft_is_seen_by_feedback_and_runner_only(bench, case_folder):
    draft = read_case_folder(case_folder).draft
    await DraftStore(bench.backends.database, bench.backends.objects).keep(draft)
    digest = draft.data[0].file.digest
    clients = bench.clients
    assert (await clients["feedback"].author(draft.version)).version == draft.version
    assert await _read(clients["runner"], digest)
    assert await clients["gateway"].published() == ()
    assert await _refusal(clients["gateway"].current("coffee-sales")) == (404, "case_not_found")
    assert await _refusal(clients["gateway"].learner(draft.version)) == (404, "case_version_not_found")
    assert await _refusal(_read(clients["hub"], digest)) == (404, "data_not_found")


async def test_what_is_not_there_has_a_name(bench):
    clients = bench.clients
    assert await _refusal(clients["gateway"].current("nothing")) == (404, "case_not_found")
    assert await _refusal(clients["gateway"].learner(DIGEST)) == (404, "case_version_not_found")
    assert await _refusal(clients["feedback"].author(DIGEST)) == (404, "case_version_not_found")
    assert await _refusal(clients["feedback"].author("../etc")) == (404, "not_found")
    assert (await _refusal(clients["feedback"].author("A" * 64)))[0] == 422


@pytest.mark.parametrize(
    ("method", "allowed"),
    [
        ("published", {"gateway", "hub"}),
        ("current", {"gateway", "hub"}),
        ("learner", {"gateway", "hub"}),
        ("author", {"feedback"}),
        ("data", {"runner", "hub"}),
    ],
)
@pytest.mark.parametrize(
    "caller",
    [
        "gateway",
        "hub",
        "feedback",
        "runner",
        "progress",
        "linting",
        "proxy",
        "supervisor",
        "env/ada/c/" + DIGEST + "/n",
    ],
)
async def test_everybody_else_is_refused(bench, case_folder, method, allowed, caller):
    client = CasesClient(in_process_client(bench.app, caller))
    calls = {
        "published": client.published,
        "current": lambda: client.current("nothing"),
        "learner": lambda: client.learner(DIGEST),
        "author": lambda: client.author(DIGEST),
        "data": lambda: _read(client, DIGEST),
    }
    if caller not in allowed:
        assert await _refusal(calls[method]()) == (403, "caller_not_allowed")
    elif method != "published":
        assert (await _refusal(calls[method]()))[0] == 404


async def test_the_list_is_by_title_and_holds_the_newest_only(bench, case_folder, retitle):
    await bench.publish(case_folder)
    retitle(case_folder, "Zebra")
    await bench.publish(case_folder)
    manifest = case_folder / "case.yaml"
    manifest.write_text(manifest.read_text().replace("id: coffee-sales", "id: other").replace("Zebra", "Ant"))
    await bench.publish(case_folder)
    listed = await bench.clients["gateway"].published()
    assert [(case.id, case.title, case.number) for case in listed] == [
        ("other", "Ant", 1),
        ("coffee-sales", "Zebra", 2),
    ]


async def test_large_data_arrives_whole(bench, case_folder):
    content = bytes(range(256)) * 20_000
    (case_folder / "data" / "big.bin").write_bytes(content)
    await bench.publish(case_folder)
    digest = hashlib.sha256(content).hexdigest()
    parts = await asyncio.gather(*(_read(bench.clients["runner"], digest) for _ in range(3)))
    assert all(part == content for part in parts)
