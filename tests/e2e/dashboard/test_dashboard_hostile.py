"""What learners send is hostile: scripts, pictures that call home, links that run, floods. All of it stays text."""

import base64
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Route, expect

from services.contracts.notebook import Cell
from services.contracts.output import NotebookOutputs
from services.contracts.session import SessionEvent
from services.gateway.outputs import shown
from tests.e2e.dashboard import dashboard_material as material
from tests.e2e.dashboard.dashboard_double import Books
from tests.e2e.dashboard.dashboard_page import DeskPage

pytestmark = pytest.mark.browser
ATTACKS = (
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "<svg onload='window.hit = 1'><circle/></svg>",
    "<iframe srcdoc='<script>parent.hit = 1</script>'></iframe>",
    "<math><mtext></mtext><style>body { display: none }</style></math>",
    "[press](javascript:window.hit=1)",
    "![seen](https://evil.example/pixel.png)",
    "<a href='javascript:window.hit=1' autofocus onfocus='window.hit=1'>x</a>",
    "</textarea></pre><script>window.hit = 1</script>",
    "{{constructor.constructor('window.hit=1')()}}",
    "$\\href{javascript:window.hit=1}{x}$",
)
HOSTILE = "\n\n".join(ATTACKS)
NAME = "<b onmouseover='window.hit=1'>ben</b>"


def hostile(books: Books) -> str:
    """A question in which everything a learner writes attacks."""
    line = material.item(1, NAME, 90, headline=HOSTILE, subtask_title="<i>Find</i>")
    full = material.escalation(line, HOSTILE)
    found = material.finding(HOSTILE[:1_900])
    fact = found.evidence[0].model_copy(update={"fact": HOSTILE, "subject": "<img src=x onerror=window.hit=1>"})
    judged = full.feedback.model_copy(
        update={"headline": HOSTILE, "findings": (found.model_copy(update={"evidence": (fact,)}),), "remarks": ATTACKS}
    )
    cells = (Cell(id="intro", kind="markdown", source=HOSTILE), *material.cells(f'x = """{HOSTILE}"""')[1:])
    talk = {
        "hints": {"hints": [{"kind": "plan", "text": HOSTILE, "reflection": HOSTILE}]},
        "conversation": {"messages": [{"role": "learner", "text": HOSTILE}, {"role": "assistant", "text": HOSTILE}]},
    }
    return books.put(full.model_copy(update={"feedback": judged, "cells": cells, "help": talk}))


def harmless(desk: DeskPage) -> None:
    """Nothing ran, nothing was made of it; the fixture sees to it that nothing was fetched."""
    assert desk.page.evaluate("() => window.hit === undefined")
    for made in (
        "script:not([src])",
        "img",
        "iframe",
        "svg circle[onload]",
        "main style",
        "main b",
        "main i",
        "main math",
    ):
        expect(desk.page.locator(f"body {made}" if not made.startswith("main") else made)).to_have_count(0)
    assert (
        desk.page.evaluate(
            """() => [...document.querySelectorAll('*')].flatMap(node => [...node.attributes])
             .filter(a => a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value)).length"""
        )
        == 0
    )


def test_in_the_queue_and_on_the_screen_of_a_question(desk: DeskPage, books: Books) -> None:
    key = hostile(books)
    desk.open()
    expect(desk.row(key)).to_contain_text("<b onmouseover")
    harmless(desk)
    desk.escalation(key)
    expect(desk.part("conversation")).to_contain_text("<script>window.hit = 1</script>")
    desk.cell("intro").locator("summary").click()
    expect(desk.cell("intro")).to_contain_text("<svg onload=")
    desk.part("press").wait_for(state="detached")
    assert desk.page.get_by_role("link", name="press").count() == 0
    harmless(desk)
    for tab in ("Since earlier", "To the reference"):
        desk.page.get_by_role("tab", name=tab).click()
    harmless(desk)


def test_in_outputs_of_the_notebook(desk: DeskPage, books: Books) -> None:
    key = hostile(books)
    as_html = {"output_type": "display_data", "data": {"text/html": HOSTILE, "image/svg+xml": ATTACKS[2]}}
    as_text = {"output_type": "execute_result", "data": {"text/plain": HOSTILE, "text/latex": ATTACKS[-1]}}
    widget = {"output_type": "display_data", "data": {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}}}
    script = {"output_type": "display_data", "data": {"application/javascript": "window.hit = 1"}}
    false = {"output_type": "display_data", "data": {"image/png": base64.b64encode(HOSTILE.encode()).decode()}}
    colours = {"output_type": "stream", "name": "stdout", "text": f"\x1b]8;;javascript:hit\x07{HOSTILE}\x1b[31m"}
    raised = {"output_type": "error", "ename": HOSTILE, "evalue": HOSTILE, "traceback": [HOSTILE]}
    flood = {"output_type": "stream", "name": "stderr", "text": "w" * 3_000_000}
    raw = (as_html, as_text, widget, script, false, colours, raised, flood)
    full = books.escalations[key]
    source = next(cell.source for cell in full.cells if cell.id == "mean")
    outputs = shown((NotebookOutputs(cell="mean", source=source, outputs=raw),), full.cells)
    books.escalations[key] = full.model_copy(update={"outputs": outputs})
    desk.escalation(key)
    beneath = desk.part("outputs")
    for words in ("an HTML output", "an SVG picture", "a LaTeX output", "a widget", "a JavaScript output"):
        expect(beneath).to_contain_text(f"«{words}, not shown»")
    expect(beneath).to_contain_text("«a picture that is none, or a huge one, not shown»")
    expect(desk.part("output-text")).to_have_count(4)
    expect(desk.part("output-text").first).to_contain_text("<img src=x onerror=")
    expect(beneath).to_contain_text("It is longer than that.")
    harmless(desk)
    wide = desk.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


def test_the_desk_makes_no_picture_of_what_its_door_should_not_have_let_pass(desk: DeskPage, books: Books) -> None:
    key, *_ = books.some()
    forged = {"kind": "picture", "text": "", "cut": False, "mime": "image/svg+xml", "data": "PHN2Zy8+"}
    beneath = {"cell": "mean", "stale": False, "more": 0, "outputs": [forged | {"left_out": ["<b>odd</b>"]}]}

    def opened(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"outputs": [beneath]})

    desk.page.route(re.compile(r"/api/queue/[0-9a-f]{32}$"), opened)
    desk.escalation(key)
    expect(desk.part("outputs")).to_contain_text("an output of another kind, not shown")
    harmless(desk)


def test_in_a_preview_and_in_remembered_answers(desk: DeskPage, books: Books) -> None:
    key = hostile(books)
    books.memory, books.draft = [material.remembered(500, HOSTILE, mentor=NAME, mistake=HOSTILE)], HOSTILE
    similar = (books.memory[0].model_copy(update={"mistake": "", "signature": ATTACKS[1]}), books.memory[0])
    books.escalations[key] = books.escalations[key].model_copy(update={"similar": similar})
    desk.escalation(key)
    desk.part("answer-text").fill(HOSTILE)
    desk.page.get_by_role("tab", name="Preview").click()
    expect(desk.part("answer-preview")).to_contain_text("<iframe srcdoc=")
    expect(desk.part("answer-preview")).to_contain_text("[picture: seen]")
    harmless(desk)
    desk.open("memory")
    expect(desk.part("memory-entry")).to_contain_text("<script>")
    harmless(desk)
    desk.open(f"queue?q={quote(HOSTILE[:200])}&learner={quote(NAME)}&case={material.CASE}")
    expect(desk.part("queue-row")).to_have_count(1)
    harmless(desk)
    # No step is called so: the service refuses the question, and the page says that and what was asked.
    desk.open(f"queue?subtask={quote(ATTACKS[0])}&case={material.CASE}")
    expect(desk.part("problem")).to_be_visible()
    expect(desk.part("filter-step")).to_have_value(ATTACKS[0])
    harmless(desk)
    back = books.put(material.came_back(2, books.memory[0]))
    desk.open()
    expect(desk.row(back)).to_contain_text("<b onmouseover")
    harmless(desk)
    desk.escalation(back)
    expect(desk.part("came-back")).to_contain_text("<iframe srcdoc=")
    harmless(desk)


def test_in_a_replay(desk: DeskPage, books: Books) -> None:
    cells = [{"id": "a", "kind": "markdown", "source": HOSTILE}, {"id": "b", "kind": "code", "source": HOSTILE}]
    books.events = [
        SessionEvent(seq=0, at=0, kind="snapshot", data={"cells": cells}),
        SessionEvent(seq=1, at=9_000, kind="check", data={"verdict": "<script>window.hit=1</script>"}),
        SessionEvent(seq=2, at=9_500, kind="paste", cell="nobody", data={"length": "many", "large": {}}),
        SessionEvent(seq=3, at=9_600, kind="run", cell="b"),
        SessionEvent(seq=4, at=9_700, kind="result", cell="b", data={"ok": False, "error": ATTACKS[0]}),
    ]
    key = hostile(books)
    desk.open(f"queue/{key}/replay/{material.SESSION}")
    expect(desk.part("replay-cell")).to_have_count(2)
    desk.press("c")
    desk.said("Check: asked for, at 0:09.")
    desk.press("r")
    expect(desk.part("replay-run")).to_have_text("running")
    desk.part("seek").press("End")
    expect(desk.part("replay-run")).to_have_text(f"failed after 0.1 s: {ATTACKS[0]}")
    harmless(desk)


def test_floods_do_not_push_the_answer_away(desk: DeskPage, books: Books) -> None:
    line = material.item(1, "x" * 250, 90)
    full = material.escalation(line, "word " * 1_900)
    fact = material.finding().evidence[0].model_copy(update={"fact": "9" * 100_000})
    found = material.finding().model_copy(update={"evidence": (fact,)})
    flood = "\n".join(f"x{number} = {number}" for number in range(9_000))
    cells = (*material.cells(), Cell(id="flood", source=flood), Cell(id="wide", source="y = '" + "w" * 100_000 + "'"))
    judged = full.feedback.model_copy(update={"findings": (found,)})
    key = books.put(full.model_copy(update={"cells": cells, "feedback": judged}))
    desk.escalation(key)
    desk.cell("flood").locator("summary").click()
    expect(desk.cell("flood").locator(".cm-line").first).to_be_visible()
    box = desk.part("answer-box").bounding_box()
    assert box is not None
    assert box["y"] + 200 < 900
    wide = desk.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    desk.press("t")
    desk.part("answer-text").fill("Still here.")
    desk.part("send-answer").click()
    desk.said("Answered.")


def test_shapes_that_nobody_promised_take_only_their_own_part_away(desk: DeskPage, books: Books) -> None:
    line = material.item(1, "ben", 90)
    odd = {"hints": {"hints": "none"}, "conversation": [{"role": ["x"], "text": {"deep": [1]}}], "more": None}
    key = books.put(material.escalation(line).model_copy(update={"help": odd}))
    desk.escalation(key)
    expect(desk.part("help-so-far")).to_be_visible()
    expect(desk.part("facts")).to_be_visible()
