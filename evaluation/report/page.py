"""The report as one file: no script, nothing from elsewhere, so that it opens offline and in a mail's attachment."""

from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

from evaluation.gate import GateResult, Outcome, decide, points
from evaluation.report.comparison import Comparison, Effect
from evaluation.report.judged import Judged
from evaluation.report.showing import MOST_SAMPLES, changed_samples, weak, weak_samples
from evaluation.report.summary import NO_ANSWER, Summary
from evaluation.report.visible import visible
from evaluation.settings import EvaluationSettings
from evaluation.statistics.estimate import Estimate
from services.contracts.feedback import Verdict

_CHANGED: Final[tuple[Effect, ...]] = ("broken", "lost", "moved", "fixed", "scores", "words")
_FINDING: Final = {
    Outcome.FINE: ("fine", "No evidence that it got worse"),
    Outcome.WORSE: ("worse", "It got worse"),
    Outcome.CANNOT_TELL: ("unknown", "Cannot tell"),
}


def html_page(
    summary: Summary,
    comparison: Comparison | None = None,
    judged: Judged | None = None,
    settings: EvaluationSettings | None = None,
    answer: GateResult | None = None,
) -> str:
    """The report of a run; with a comparison, what it changed comes first.

    Args:
        summary: of the run, which is the later one of a comparison.
        comparison: of this run with an earlier one.
        judged: what is known of the model that judged.
        settings: with the prices of tokens; None: as the environment says.
        answer: the gate's, where somebody has asked it with other allowances than none.
    """
    pairs = comparison.pairs if comparison else ()
    answer = answer or (decide(comparison) if comparison else None)
    state, title = _title(answer, comparison)
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            summary=summary,
            comparison=comparison,
            answer=answer,
            state=state,
            title=title,
            judged=judged,
            empty=_empty(summary, comparison),
            cost=(settings or EvaluationSettings()).cost,
            reach=_reach(comparison),
            verdicts=[verdict.value for verdict in Verdict],
            no_answer=NO_ANSWER,
            shown=changed_samples(pairs) if comparison else weak_samples(summary.run.results),
            to_show=len(comparison.having(*_CHANGED)) if comparison else len(weak(summary.run.results)),
            most=MOST_SAMPLES,
        )
    )


def _title(answer: GateResult | None, comparison: Comparison | None) -> tuple[str, str]:
    if answer is None or comparison is None:
        return "unknown", ""
    state, title = _FINDING[answer.outcome]
    if answer.outcome is not Outcome.FINE:
        return state, title
    if not comparison.having(*_CHANGED):
        return state, "Nothing changed"
    if any(metric.decision == "better" for metric in comparison.metrics):
        return "better", "It got better"
    return state, title


def _empty(summary: Summary, comparison: Comparison | None) -> list[str]:
    """Names of the metrics that no sample has a value for, in either run."""
    both = [(metric.name, metric.estimate) for metric in summary.metrics]
    for metric in comparison.metrics if comparison else ():
        both += [(metric.name, metric.before), (metric.name, metric.after)]
    known = {name for name, estimate in both if estimate.count}
    return [name for name in dict.fromkeys(name for name, _ in both) if name not in known]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "range": _range,
        "points": lambda share: "–" if share is None else points(share),
        "words": lambda name: visible(str(name)).replace("_", " ").replace("-", " "),
        "visible": visible,
        "prose": prose,
        "x": _x,
        "across": _across,
        "milliseconds": _milliseconds,
    }
    return environment


def prose(text: str) -> Markup:
    """Words of a person or a model, what stands between backticks as code; all of it stays text."""
    parts = visible(text).split("`")
    if len(parts) % 2 == 0:
        return escape(visible(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def percent(share: float | None) -> str:
    """100% is said of 1 alone, and 0% of 0 alone."""
    if share is None:
        return "–"
    whole = round(100 * share)
    if (whole == 100) is (share == 1) and (whole == 0) is (share == 0):
        return f"{whole}%"
    return f"{'>' if share > 0.5 else '<'}{'99' if share > 0.5 else '1'}%"


def _range(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return estimate.note or "no interval"
    return f"{percent(estimate.low)} to {percent(estimate.high)}"


def _x(share: float) -> str:
    """Across a plot from 0 to 1 that is 1000 wide."""
    return f"{1000 * min(1.0, max(0.0, share)):.1f}"


def _across(difference: float, reach: float) -> str:
    """Across a plot from -reach to +reach that is 1000 wide."""
    return _x(0.5 + difference / (2 * reach))


def _reach(comparison: Comparison | None) -> float:
    """How far the plot of differences goes to either side: as far as the longest interval, and 5 points at least."""
    estimates = [metric.difference.estimate for metric in comparison.metrics] if comparison else []
    ends = [abs(end) for e in estimates for end in (e.mean, e.low, e.high) if end is not None]
    return max([0.05, *ends])


def _milliseconds(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"
