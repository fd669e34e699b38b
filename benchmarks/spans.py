"""Where the milliseconds of a warm check go: the parts that gateway, feedback and runner write into their logs."""

import json
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks.case_at_hand import load
from benchmarks.harness import CouldNotRun, Figure, Report, main
from benchmarks.live_services import live_services
from services.contracts.feedback import Verdict

_WARMING = 4
_EVENTS = {"checked": "gateway", "judged": "feedback", "run_finished": "runner"}
"""Log lines that carry laps, and whose they are."""


def run(report: Report) -> None:
    """Profile warm checks of the regression case's last subtask."""
    case = load()
    last = case.draft.author.subtasks[-1].view.id
    times = 15 if report.quick else 60
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        log = Path(folder) / "log.jsonl"
        clicks = []
        with live_services(case, log) as services:
            for number in range(_WARMING + times):
                taken, feedback = services.check(case, last, f"run {number}")
                if feedback.verdict is not Verdict.APPROVED:
                    raise CouldNotRun(f"the reference was not approved: {feedback.headline}")
                clicks.append(taken)
        lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    report.add(
        "click_to_feedback", Figure(statistics.median(clicks[_WARMING:]), "ms", note="median, as the client sees it")
    )
    for name, laps in _spans(lines, times).items():
        report.add(name, Figure(statistics.median(laps), "ms"))


def _spans(lines: list[dict[str, Any]], times: int) -> dict[str, list[float]]:
    """Milliseconds by part and check, outermost service first; only of the last so many checks."""
    found: dict[str, list[float]] = defaultdict(list)
    requests: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        if line.get("event") in _EVENTS:
            for lap, ms in line["laps"].items():
                found[f"{_EVENTS[line['event']]}.{lap}"].append(ms)
        elif line.get("event") == "request" and line.get("method") == "POST":
            requests[f"request.{line['service']}{line['route']}"].append(line["ms"])
    order = sorted(found, key=lambda name: list(_EVENTS.values()).index(name.split(".")[0]))
    return {name: taken[-times:] for name, taken in [*((name, found[name]) for name in order), *requests.items()]}


if __name__ == "__main__":
    sys.exit(main("spans", run))
