"""The report is a page of plain HTML: nothing in it runs, nothing comes from elsewhere, and no number is made up."""

import re
from html.parser import HTMLParser

import pytest

from evaluation.judge.labels import Agreed
from evaluation.judge.opinion import Opinion
from evaluation.report.comparison import compare_runs
from evaluation.report.judged import Judged, confusions
from evaluation.report.page import html_page, percent
from evaluation.report.showing import MOST_SAMPLES
from evaluation.report.summary import summarise
from evaluation.report.visible import visible
from evaluation.runs.result import EvalRun
from evaluation.settings import EvaluationSettings
from services.contracts.feedback import Feedback
from tests.unit.evaluation.made_runs import CASES, feedback, graded, result, run, sample

EVIL = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>"


class Elements(HTMLParser):
    """Every element of a page with its attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.text = re.sub(r"\s+", " ", self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def compared(before: EvalRun, after: EvalRun) -> Elements:
    return Elements(html_page(summarise(after), compare_runs(before, after)))


def hostile() -> tuple[EvalRun, EvalRun]:
    asked = sample("a", expected="needs_work", code=f"x = 1\n# {EVIL}\ny = '\u202eabc\x00'\n", problems=(EVIL,))
    said: Feedback = feedback("needs_work", EVIL)
    mentored = said.findings[0].model_copy(update={"mentor": EVIL})
    said = said.model_copy(update={"headline": EVIL, "findings": (mentored,)})
    return run([result(asked, feedback())], model=EVIL), run([result(asked, said)], "after", model=f"{EVIL}2")


def test_what_learners_and_models_write_stays_text() -> None:
    page = compared(*hostile())
    tags = {tag for tag, _ in page.seen}
    assert not tags & {"script", "img", "iframe", "object", "link"}
    assert not [name for _, attributes in page.seen for name in attributes if name.startswith("on")]
    assert page.text.count("alert(1)") >= 6
    assert "⟨U+202E⟩abc⟨U+0000⟩" in page.text


def test_nothing_is_fetched() -> None:
    page = compared(*hostile())
    assert not [attributes for _, attributes in page.seen if attributes.keys() & {"src", "href", "srcset"}]
    policy = next(a["content"] for tag, a in page.seen if tag == "meta" and a.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_the_decision_comes_first_and_the_changed_samples_stand_side_by_side() -> None:
    asked = [sample(f"{case}/{n}", case) for case in CASES for n in range(4)]
    before = run([result(one, feedback()) for one in asked])
    after = run([result(one, feedback("needs_work" if one.id == "bakery/2" else "approved")) for one in asked], "after")
    page = compared(before, after)
    assert page.text.index("It got worse") < page.text.index("Metrics")
    assert "the expected verdict is lost in 1 sample: bakery/2" in page.text
    assert "broken bakery/2 approved → needs work" in page.text
    assert "Before approved That is right. After needs work Not yet. The sum leaves out the last day." in page.text
    assert sum(tag == "details" for tag, _ in page.seen) == 1
    assert "bakery/1" not in page.text


@pytest.mark.parametrize(
    ("before", "after", "title"),
    [
        (graded([6, 6, 6]), graded([6, 6, 6]), "Nothing changed"),
        (graded([5, 4, 4]), graded([12, 12, 11]), "It got better"),
        (graded([12, 12, 11]), graded([5, 4, 4]), "It got worse"),
        (graded([6, 6, 6]), graded([6, 6, 7]), "No evidence that it got worse"),
        (graded([1], 1, cases=CASES[:1]), graded([0], 1, cases=CASES[:1]), "Cannot tell"),
        (run([]), run([]), "Cannot tell"),
    ],
)
def test_every_decision_has_its_words(before: EvalRun, after: EvalRun, title: str) -> None:
    page = compared(before, after)
    assert title in page.text
    assert "nan" not in page.text.lower().split()
    assert "None" not in page.text.split()


def test_the_page_of_one_run_shows_what_to_look_at_and_what_is_left_out() -> None:
    many = [sample(f"s{n}") for n in range(MOST_SAMPLES + 9)]
    asked = [result(one, feedback("needs_work")) for one in many[:-2]]
    asked += [result(many[-2], None), result(many[-1], feedback("needs_work"), contaminated="found in words.md")]
    page = Elements(html_page(summarise(run(asked))))
    assert sum(tag == "details" for tag, _ in page.seen) == MOST_SAMPLES
    assert f"The {MOST_SAMPLES} gravest of {MOST_SAMPLES + 9}" in page.text
    assert "the sandbox did not start" in page.text
    assert "Contaminated1in no figure" in page.text.replace(" 1 ", "1")


def test_a_long_notebook_is_cut_around_the_line_that_is_pointed_at() -> None:
    code = "".join(f"row_{n} = {n}\n" for n in range(1, 201))
    said = feedback("needs_work")
    place = said.findings[0].place
    assert place is not None
    finding = said.findings[0].model_copy(update={"place": place.model_copy(update={"line": 150, "end_line": None})})
    one = result(sample("a", code=code), said.model_copy(update={"findings": (finding,)}))
    page = html_page(summarise(run([one])))
    assert '<span class="marked"><i>150</i>row_150 = 150</span>' in page
    assert "row_1 = 1<" not in page
    assert "140 lines are left out" not in page
    assert re.search(r"Cell answer; \d+ lines are left out", page)


def test_tokens_cost_what_the_settings_say() -> None:
    one = run([result(sample("a"), feedback("needs_work"))])
    assert "cost 20.00" in html_page(
        summarise(one), settings=EvaluationSettings(prompt_price=1_000_000, completion_price=2_000_000)
    )
    assert "cost" not in Elements(html_page(summarise(one), settings=EvaluationSettings())).text.split()


def test_people_and_the_judge_are_confronted_by_item() -> None:
    def opinion(item: str, answer: str | None) -> Opinion:
        return Opinion.model_validate(
            {
                "item": item * 64,
                "sample": "a",
                "question": "helpful",
                "answer": answer,
                "by_order": {},
                "asked": 1,
                "outcomes": {},
                "characters": 1,
            }
        )

    def label(item: str, answer: str) -> Agreed:
        return Agreed.model_validate(
            {"item": item * 64, "question": "helpful", "answer": answer, "answers": {}, "at_random": answer}
        )

    labels = {one.item: one for one in (label("a", "yes"), label("b", "no"), label("c", "no"))}
    said = [opinion("a", "yes"), opinion("b", "yes"), opinion("c", None), opinion("d", "no")]
    (table,) = confusions(said, labels)
    assert table.counts == {("yes", "yes"): 1, ("no", "yes"): 1, ("no", "unread"): 1}
    judged = Judged("a model", ("It answers yes to all.",), (table,), len(said))
    page = Elements(html_page(summarise(run([])), judged=judged))
    assert "Helpful: 3 labelled" in page.text
    assert "It answers yes to all." in page.text
    none = Elements(html_page(summarise(run([])), judged=Judged("a model", (), (), 4)))
    assert "how far the judge can be trusted cannot be told" in none.text


@pytest.mark.parametrize(
    ("share", "shown"), [(None, "–"), (0, "0%"), (1, "100%"), (0.999, ">99%"), (0.001, "<1%"), (0.5, "50%")]
)
def test_whole_and_nothing_are_said_of_nothing_else(share: float | None, shown: str) -> None:
    assert percent(share) == shown


def test_letters_that_hide_are_written_out_and_others_stay() -> None:
    assert visible("a\u202eb\x1b\ud800\n\tü→👩\u200d🔬") == "a⟨U+202E⟩b⟨U+001B⟩⟨U+D800⟩\n\tü→👩\u200d🔬"


def test_what_stands_between_backticks_is_code_and_nothing_of_it_an_element() -> None:
    asked = sample("a", expected="needs_work", problems=("`total` is too small",))
    said = feedback("needs_work", f"For `{EVIL}` your code gives `0`; a lone ` stays")
    page = Elements(html_page(summarise(run([result(asked, said, {"problem-recall": 0.0})]))))
    told = feedback("needs_work", f"For `{EVIL}` your code gives `0`.")
    marked = Elements(html_page(summarise(run([result(asked, told, {"problem-recall": 0.0})]))))
    assert not {tag for tag, _ in (*page.seen, *marked.seen)} & {"script", "img"}
    assert "a lone ` stays" in page.text
    assert "your code gives 0." in marked.text


def test_a_score_without_any_value_is_said_once_and_has_no_plot() -> None:
    scores: dict[str, float | None] = {"verdict": 1.0, "must-not-say": None}
    page = Elements(
        html_page(summarise(run([result(sample(str(n), CASES[n % 3]), feedback(), scores) for n in range(9)])))
    )
    assert "No sample has anything to score for: must not say." in page.text
    assert page.text.count("must not say") == 1


def test_a_sample_that_only_reads_less_easily_than_a_childs_book_is_none_to_look_at() -> None:
    hard = run([result(sample("a"), feedback(), {"verdict": 1.0, "readability": 0.7})])
    assert "None: every score that there is is whole, reading ease aside." in Elements(html_page(summarise(hard))).text
