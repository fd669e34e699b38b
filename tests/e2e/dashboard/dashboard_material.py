"""A case, learners, a session and what was found: what the desk's double answers with."""

from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import JsonValue

from services.contracts.brief import Brief, CellDifference
from services.contracts.case import CaseSummary
from services.contracts.classroom import ClassRow, ClassSubtask, LearnersWork, Watch
from services.contracts.escalation import EscalationFull, MemoryEntry, Note, QueueItem
from services.contracts.feedback import CheckResult, Feedback, LocalizedWarning, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.lint import LintFinding, LintReport, ToolRun
from services.contracts.notebook import Cell, Place
from services.contracts.output import CellOutputs, Output
from services.contracts.progress import SubtaskState, Version, VersionSummary
from services.contracts.session import EventKind, SessionEvent, SessionSummary
from services.contracts.style import Dismissal

NOW: Final = datetime.now(UTC)
CASE: Final = "price-check"
VERSION: Final = "a" * 64
SIGNATURE: Final = "value:usual:numbers"
SESSION: Final = "5" * 32
CODE: Final = """\
# the usual price, without what the broken till produced
def usual_price(prices, limit=3):
    middle = sum(prices) / len(prices)
    kept = [price for price in prices if abs(price - middle) < limit * middle]
    return sum(kept) / len(kept)

usual = usual_price(prices)
print(f"usual: {usual:.2f}")"""
EARLIER: Final = "usual = sum(prices) / len(prices)\nprint(usual)"
REFERENCE: Final = """\
--- yours
+++ reference
@@ -1,5 +1,5 @@
 # the usual price, without what the broken till produced
 def usual_price(prices, limit=3):
-    middle = sum(prices) / len(prices)
+    middle = median(prices)
     kept = [price for price in prices if abs(price - middle) < limit * middle]
"""

PICTURE: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAADCAIAAAA7ljmRAAAAGUlEQVR4nGPQqDgBRwwpFSfgiGFBxQk4AgBjDhOx/mvoqwAAAABJRU5ErkJggg=="
)
"""A PNG, four pixels wide."""


def key(number: int) -> str:
    """An identifier."""
    return f"{number:032x}"


def cases() -> tuple[CaseSummary, ...]:
    """The published cases."""
    named = ((CASE, "A price check"), ("late-buses", "Late buses"))
    return tuple(
        CaseSummary(
            id=name, version=VERSION, number=1, title=title, summary="", level="introductory", minutes=40, subtasks=3,
            published=NOW,
        )
        for name, title in named
    )  # fmt: skip


def cells(source: str = CODE) -> tuple[Cell, ...]:
    """The learner's notebook."""
    return (
        Cell(id="intro", kind="markdown", source="# A price check\nA till has recorded these prices."),
        Cell(id="data", source="prices = [120, 80, 95, 9000]"),
        Cell(id="mean", source=source),
        Cell(id="report", source='print("done")'),
    )


def outputs() -> tuple[CellOutputs, ...]:
    """What the learner's notebook showed: a text, a plot, a traceback, and one of another version of the code."""
    plot = Output(
        kind="picture", text="<Figure size 640x480 with 1 Axes>", mime="image/png", data=PICTURE, left_out=("html",)
    )
    raised = Output(kind="error", text="KeyError                 Traceback\n----> 1 prices['x']\nKeyError: 'x'")
    return (
        CellOutputs(cell="mean", outputs=(Output(kind="stdout", text="usual: 2323.75"), plot, raised)),
        CellOutputs(cell="report", stale=True, outputs=(Output(kind="stdout", text="done", cut=True),), more=3),
    )


def finding(message: str = "`usual` is pulled up by the outliers.") -> Finding:
    """What was found, with its fact."""
    place = Place(cell="mean", line=3, end_line=4)
    evidence = Evidence(
        kind="value", subject="usual", aspect="numbers", fact="usual is 2323.75; the reference has 98.33.", place=place
    )
    return Finding(
        id="f1", kind="value", severity="error", subtask="mean", message=message, place=place, evidence=(evidence,),
        signature=SIGNATURE, confidence=0.9,
    )  # fmt: skip


def feedback(verdict: Verdict = Verdict.NEEDS_WORK, headline: str = "The usual price is far too high.") -> Feedback:
    """A judged version."""
    good = verdict is Verdict.APPROVED
    return Feedback(
        verdict=verdict,
        fault="none" if good else "learner",
        headline=headline,
        findings=() if good else (finding(),),
        warnings=()
        if good
        else (LocalizedWarning(place=Place(cell="mean", line=5), message="This mean keeps 9000.", finding="f1"),),
        checks=(
            CheckResult(label="`usual` is a number", passed=True, hidden=False, points=1, earned=1),
            CheckResult(label="Hidden check 1", passed=good, hidden=True, points=2, earned=2 if good else 0),
        ),
        points=3 if good else 1,
        max_points=3,
        wall_ms=840,
    )


def item(number: int, learner: str, waited: float, **changes: object) -> QueueItem:
    """A line of the queue."""
    base = QueueItem(
        id=key(number), case=CASE, case_title="A price check", subtask="mean", subtask_title="Find the usual price",
        learner=learner, state="waiting", reason="repeated_failure", opened=NOW - timedelta(seconds=waited),
        waited_seconds=waited, signature=SIGNATURE, headline="The usual price is far too high.",
    )  # fmt: skip
    return base.model_copy(update=changes)


def escalation(line: QueueItem, question: str = "I removed the outliers, **why** is it still wrong?") -> EscalationFull:
    """All about one."""
    hints = [
        {"kind": "plan", "text": "Which middle does not move when one price is absurd?", "helpful": False},
        {
            "kind": "debug",
            "text": "Print `middle` before you filter.",
            "helpful": True,
            "reflection": "I know the mean",
        },
    ]
    talk = [
        {"role": "learner", "text": "Is the limit wrong?"},
        {"role": "assistant", "text": "Look at what the *limit* is measured from."},
    ]
    note = Note(id=key(900), author="learner", name=line.learner, text=question, written=line.opened, comments=())
    return EscalationFull(
        item=line, case_version=VERSION, submission=key(800), number=4, cells=cells(), feedback=feedback(),
        help={"hints": {"hints": hints}, "conversation": {"messages": talk}}, notes=(note,),
    )  # fmt: skip


def brief(draft: str | None) -> Brief:
    """What the checker adds."""
    return Brief(
        subtask="mean",
        differences=(CellDifference(cell="mean", against="reference", text=REFERENCE),),
        feedback=feedback(),
        draft=draft,
        draft_by=None if draft is None else "tiny-mentor-1b",
    )


def style() -> LintReport:
    """The style review."""
    remark = LintFinding(
        id="print-0", tool="ruff", rule="T201", name="print", severity="advice", category="readability",
        place=Place(cell="mean", line=8), message="`print` found", why="A report belongs into its own cell.",
    )  # fmt: skip
    return LintReport(findings=(remark,), tools=(ToolRun(tool="ruff", status="ok", wall_ms=12),))


def dismissals() -> tuple[Dismissal, ...]:
    """What the learner left as it is: in this code, and in another version of it."""
    of = {"tool": "ruff", "severity": "advice", "subtask": "mean", "dismissed": NOW - timedelta(hours=2)}
    here = {"finding": "print-0", "rule": "T201", "name": "print", "message": "`print` found"}
    there = {"finding": "gone-0", "rule": "E722", "name": "bare-except", "message": "Do not use bare `except`"}
    return tuple(
        Dismissal.model_validate(of | remark | {"place": Place(cell="mean", line=8), "reason": reason})
        for remark, reason in ((here, "The task asks for a printed report."), (there, "Tills fail in many ways."))
    )


def versions() -> tuple[Version, ...]:
    """The learner's checked versions, newest first."""
    sources = ((4, CODE), (3, EARLIER), (2, "usual = prices[0]"))
    return tuple(
        Version(
            submission=key(796 + number), subtask="mean", number=number, recorded=NOW - timedelta(hours=5 - number),
            verdict=Verdict.NEEDS_WORK, headline="", points=1, cells=cells(source), feedback=feedback(),
        )
        for number, source in sources
    )  # fmt: skip


def remembered(number: int, text: str, **changes: object) -> MemoryEntry:
    """A remembered answer."""
    base = MemoryEntry(
        id=key(number), case=CASE, case_version=None, subtask="mean", signature=SIGNATURE, text=text, mentor="otto",
        written=NOW - timedelta(days=9), shown=14, helpful=11, unhelpful=1,
    )  # fmt: skip
    return base.model_copy(update=changes)


def came_back(number: int, entry: MemoryEntry, waited: float = 262_800) -> EscalationFull:
    """A remembered answer that did not help, with the code it was written for."""
    so_far = f"helped {entry.helpful}, did not help {entry.unhelpful}"
    line = item(
        number, "zelda", waited, about_memory=entry.id, reason="unhelpful_answer", reopened=1,
        headline=f"An answer of {entry.mentor}'s came back: {so_far}. It is still given.",
    )  # fmt: skip
    return escalation(line).model_copy(update={"notes": (), "help": {"remembered": True}})


def session_events() -> list[SessionEvent]:
    """Twelve minutes: typing, a long pause, a paste, a hint, runs, a check."""
    events: list[SessionEvent] = []

    def add(after: int, kind: EventKind, cell: str | None = None, **data: JsonValue) -> None:
        events.append(SessionEvent(seq=len(events), at=after, kind=kind, cell=cell, data=data))

    plain: list[JsonValue] = [
        {"id": c.id, "kind": c.kind, "source": "" if c.id == "mean" else c.source} for c in cells()
    ]
    add(40, "snapshot", cells=plain)
    for index, letter in enumerate(EARLIER):
        add(1_000 + index * 200, "edit", "mean", at=index, removed=0, inserted=letter)
    add(20_000, "run", "mean")
    add(21_000, "result", "mean", ok=True, error=None)
    add(25_000, "check", verdict="needs_work")
    add(300_000, "hint")
    add(320_000, "paste", "mean", length=len(CODE), large=True)
    add(320_100, "edit", "mean", at=0, removed=len(EARLIER), inserted=CODE)
    add(330_000, "run", "mean")
    add(331_000, "result", "mean", ok=False, error="NameError")
    add(400_000, "chat")
    add(700_000, "run", "mean")
    add(701_000, "result", "mean", ok=True, error=None)
    add(720_000, "check", verdict="needs_work")
    return events


def session_summary() -> SessionSummary:
    """Measures of that session."""
    return SessionSummary(
        session=SESSION, started=NOW - timedelta(hours=2), seconds=720, events=len(session_events()),
        active_typing_seconds=46, idle_seconds=610, idle_stretches=4, pastes=1, large_pastes=1,
        pasted_chars=len(CODE), runs=3, failed_runs=1, checks=2, hints=1, chats=1,
    )  # fmt: skip


def class_rows() -> tuple[ClassRow, ...]:
    """A class of five: one done, one stuck, one silent."""

    def row(user: str, states: str, seen: timedelta, watch: tuple[Watch, ...] = ()) -> ClassRow:
        named = {"a": SubtaskState.APPROVED, "w": SubtaskState.IN_PROGRESS}
        steps = tuple(
            ClassSubtask(subtask=step, state=named[state], attempts=1 + index * 3, points=2, updated=NOW - seen)
            for index, (step, state) in enumerate(zip(("total", "mean", "report"), states, strict=False))
        )
        current = next((step.subtask for step in steps if step.state is SubtaskState.IN_PROGRESS), None)
        return ClassRow(
            user=user, current=current, subtasks=steps, approved=states.count("a"),
            attempts=sum(step.attempts for step in steps), last_seen=NOW - seen, watch=watch,
        )  # fmt: skip

    stuck = Watch(rule="many_attempts", subtask="mean", since=NOW - timedelta(hours=3))
    silent = Watch(rule="silent", subtask=None, since=NOW - timedelta(days=6))
    return (
        row("ada", "aaa", timedelta(hours=20)),
        row("ben", "aw", timedelta(minutes=4), (stuck,)),
        row("cleo", "aaw", timedelta(minutes=31)),
        row("dora", "w", timedelta(days=6), (silent,)),
        row("emil", "aw", timedelta(hours=2)),
    )


def work(learner: str, step: str | None) -> LearnersWork:
    """What one of the class has done in a step; only in the usual price was anything kept."""
    row = next(row for row in class_rows() if row.user == learner)
    kept = versions() if step == "mean" else ()
    return LearnersWork(
        user=learner, case=CASE, case_title="A price check", subtask=step, subtasks=row.subtasks,
        latest=kept[0] if kept else None,
        versions=tuple(VersionSummary(**one.model_dump(exclude={"cells", "feedback"})) for one in kept),
        sessions=(session_summary(),),
        titles={"total": "Add them up", "mean": "Find the usual price", "report": "Report it"},
    )  # fmt: skip
