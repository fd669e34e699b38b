"""A small case, a real database and firewall, a model that says what a test wants, and the service over all of it."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from feedback.assistance.service import AssistanceService
from feedback.firewalls import KeptFirewalls
from feedback.model.adapters.script import Answer, Script
from feedback.model.adapters.scripted import ScriptedModel
from feedback.model.port import ModelError, ModelRequest
from feedback.words.service import WordsService
from feedback.words.settings import WordsSettings
from services.contracts.assistance import AiChoice
from services.contracts.case import AuthorCase, Check, Compare, Quotas, Subtask, SubtaskView
from services.contracts.feedback import Feedback, LocalizedWarning, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.identity import Role, ScopeClaims
from services.contracts.limits import Limits
from services.contracts.notebook import Cell, Place
from services.contracts.words import Worded, Words, WordsPart, WordsRequest
from services.kit.database import Database
from tests.databases import on_sqlite

STARTER = "# YOUR CODE HERE\nraise NotImplementedError()"
REFERENCE = (
    'priced = goods.dropna(subset=["price"]).reset_index(drop=True)\n'
    'limit = priced["price"].quantile(0.8375)\n'
    'dear = priced[priced["price"] > limit].sort_values("price", ascending=False)\n'
    "share = round(len(dear) / len(priced) * 100, 3)"
)
WRONG = 'priced = goods.fillna(0)\nlimit = priced["price"].mean()\ndear = priced[priced["price"] > limit]\nshare = 12'
ROWS = Finding(
    id="1-0a1b2c3d4e",
    kind="value",
    severity="error",
    subtask="shelf",
    message="`priced` has more rows than this step leads to.",
    place=Place(cell="shelf", line=1, end_line=1),
    evidence=(Evidence(kind="value", subject="priced", fact="5 rows instead of 4417", aspect="shape"),),
    signature="shelf|value|priced|shape-more#0a1b2c3d4e",
)
SHARE = ROWS.model_copy(
    update={
        "id": "2-1122334455",
        "message": "`share` exists, but its numbers are not those that the data lead to.",
        "place": Place(cell="shelf", line=4, end_line=4),
        "evidence": (Evidence(kind="value", subject="share", fact="12 instead of 20.417", aspect="numbers"),),
        "signature": "shelf|value|share|numbers#1122334455",
    }
)
HIDDEN = ROWS.model_copy(
    update={
        "id": "3-5566778899",
        "kind": "check",
        "message": "In a case that the visible checks do not show, the result is not what this step describes.",
        "place": None,
        "evidence": (Evidence(kind="check", subject="check-shelf/hidden", fact="AssertionError"),),
        "signature": "shelf|check|check-shelf/hidden#5566778899",
    }
)
JUDGED = Feedback(
    verdict=Verdict.NEEDS_WORK,
    fault="learner",
    headline="2 of 3 checks do not hold yet.",
    warnings=tuple(
        LocalizedWarning(place=finding.place, message=finding.message, finding=finding.id)
        for finding in (ROWS, SHARE)
        if finding.place
    ),
    remarks=(HIDDEN.message,),
    findings=(ROWS, SHARE, HIDDEN),
    points=0.5,
    max_points=2,
)
GOOD: dict[str, Any] = {
    "warnings": [
        {"finding": ROWS.id, "message": "Goods without a price count as given away, so they pull the mean down."},
        {"finding": SHARE.id, "message": "Whoever reads `share` learns nothing about these goods."},
    ],
    "remarks": [
        {
            "findings": [ROWS.id],
            "text": "A missing price is no price at all, and a shop that takes it for zero sees a cheap shelf that "
            "does not exist. Which rows of `goods` have no price, and what does `priced` say about them?",
        },
        {"findings": [SHARE.id], "text": "A share that does not follow from the data stays the same when they change."},
    ],
}


def shop(**changes: object) -> AuthorCase:
    """The case; `changes` replace whole fields of it."""
    instructions = (
        "Keep the goods that have a price in `priced`. Of these, find the ones that are dearer than most of the "
        "others, in `dear`, and put into `share` how many of a hundred goods that is. The table `goods` was typed by "
        "hand: some of the prices are missing. Do not change `goods` itself, later steps need it as it is."
    )
    view = SubtaskView(
        id="shelf",
        title="What is dear on the shelf",
        index=0,
        points=2,
        cells=("shelf-text", "shelf", "check-shelf"),
        answer_cells=("shelf",),
    )
    shelf = Subtask(
        view=view,
        starter={"shelf": STARTER},
        reference={"shelf": REFERENCE},
        checks=(
            Check(id="check-shelf", cell="check-shelf", hidden=False, source="assert len(priced) > 2", points=1),
            Check(id="check-shelf/hidden", cell="check-shelf", hidden=True, source="assert abs(share - 20.417) < 1e-9"),
        ),
        compare=(Compare(name="priced"), Compare(name="share")),
        plan="Ask of every row whether it can be used at all.",
    )
    whole = AuthorCase(
        id="shop",
        version="a" * 64,
        title="A shop",
        limits=Limits(),
        strictness="light",
        quotas=Quotas(),
        subtasks=(shelf,),
        cells=(
            Cell(id="title", kind="markdown", source="# A shop\nGoods, their prices, and what they are worth."),
            Cell(id="set-up", source="import pandas as pd\ngoods = pd.read_csv('data/goods.csv')"),
            Cell(id="shelf-text", kind="markdown", source=instructions),
            Cell(id="shelf", source=STARTER),
            Cell(id="check-shelf", source="assert len(priced) > 2"),
        ),
        imports=("pandas",),
        modules={"pd": "pandas"},
        data=(),
    )
    return whole.model_copy(update=changes)


@dataclass
class OneCase:
    """`cases` with one version in it."""

    case: AuthorCase

    async def author(self, version: str) -> AuthorCase:
        assert version == self.case.version
        return self.case


@dataclass
class Room:
    """The service with all that a test needs around it."""

    db: Database
    case: AuthorCase = field(default_factory=shop)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    asked: list[ModelRequest] = field(default_factory=list)
    """What the model was asked, in order."""

    def service(self, *answers: Answer | dict[str, Any], pause: float = 0.0, **settings: float) -> WordsService:
        """The service with a model that answers so; without answers there is no model."""
        texts = [json.dumps(answer, ensure_ascii=False) if isinstance(answer, dict) else answer for answer in answers]
        model = ScriptedModel(Script({"feedback": [self._noted(text) for text in texts]}, pause=pause))
        return WordsService(
            self.db,
            OneCase(self.case),
            self.choices,
            KeptFirewalls(4),
            model if answers else None,
            WordsSettings(**settings),
            self.registry,
        )

    @property
    def choices(self) -> AssistanceService:
        return AssistanceService(self.db, "scripted", remote=False)

    def _noted(self, answer: Answer) -> Answer:
        def say(request: ModelRequest) -> str:
            self.asked.append(request)
            assert not isinstance(answer, ModelError)
            return answer if isinstance(answer, str) else answer(request)

        return answer if isinstance(answer, ModelError) else say

    def scope(self, **changes: Any) -> ScopeClaims:
        claims = ScopeClaims(
            user="ada.lovelace",
            role=Role.LEARNER,
            case="shop",
            case_version=self.case.version,
            subtask="shelf",
            expires=datetime.now(UTC) + timedelta(minutes=5),
        )
        return claims.model_copy(update=changes)

    def request(self, code: str = WRONG, feedback: Feedback = JUDGED, **sources: str) -> WordsRequest:
        cells = [
            cell.model_copy(update={"source": {"shelf": code, **sources}.get(cell.id, cell.source)})
            for cell in self.case.cells
        ]
        return WordsRequest(subtask="shelf", cells=tuple(cells), feedback=feedback)

    async def worded(
        self, service: WordsService, request: WordsRequest | None = None, scope: ScopeClaims | None = None
    ) -> tuple[list[WordsPart], Words]:
        """What was said on the way, and the words at the end."""
        said: list[WordsPart] = []
        async for event in service.words(request or self.request(), scope or self.scope()):
            if isinstance(event, Worded):
                return said, event.words
            said.append(event)
        raise AssertionError("no last part")

    def count(self, metric: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"caseloop_{metric}_total", labels) or 0.0


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """Ada has chosen to be helped by AI."""
    db = Database(on_sqlite("feedback", tmp_path / "feedback.sqlite"))
    made = Room(db)
    await made.choices.choose(made.scope(), AiChoice(ai=True))
    yield made
    await db.close()


@pytest.fixture
def good() -> dict[str, Any]:
    """An answer with nothing against it."""
    return json.loads(json.dumps(GOOD))


@pytest.fixture
def judged() -> Feedback:
    """What the check found, in the rules' words."""
    return JUDGED


@pytest.fixture
def saying() -> Callable[..., dict[str, Any]]:
    """Make an answer of one sentence about the first finding, and others as remarks about it."""

    def make(message: str, *remarks: str, finding: str = ROWS.id) -> dict[str, Any]:
        return {
            "warnings": [{"finding": finding, "message": message}],
            "remarks": [{"findings": [ROWS.id], "text": text} for text in remarks],
        }

    return make
