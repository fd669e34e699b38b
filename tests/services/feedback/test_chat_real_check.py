"""A talk over the real pipeline: code is run in a sandbox, and the assistant knows what came out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from feedback.assistance.service import AssistanceService
from feedback.chat.judging import CheckerJudgements
from feedback.chat.service import ChatService
from feedback.chat.settings import ChatSettings
from feedback.firewalls import KeptFirewalls
from services.contracts.assistance import AiChoice
from services.contracts.chat import AskChat, ChatDone
from services.contracts.identity import Role, ScopeClaims
from services.kit.database import Database
from services.kit.migrations import migrate
from tests.services.feedback.conftest import answered

WRONG = "table = pd.DataFrame({'name': names, 'price': prices})\nmean_price = table['price'].sum()"
pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]


async def _answer(service: ChatService, scope: ScopeClaims, cells: Any) -> ChatDone:
    request = AskChat(subtask="shelf", cells=cells, text="Am I done?")
    parts = [part async for part in service.ask(request, scope)]
    last = parts[-1]
    assert isinstance(last, ChatDone)
    return last


async def test_the_assistant_says_what_the_check_found(bench: Any, tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'feedback.sqlite'}")
    await migrate(db, "feedback")
    choices = AssistanceService(db, None, remote=False)
    scope = ScopeClaims(
        user="ada",
        role=Role.LEARNER,
        case=bench.case.id,
        case_version=bench.case.version,
        subtask="shelf",
        expires=datetime(2036, 1, 1, tzinfo=UTC),
    )

    class Cases:
        async def author(self, version: str) -> Any:
            return bench.case

    service = ChatService(
        db,
        Cases(),
        CheckerJudgements(bench.checker),
        choices,
        KeptFirewalls(1),
        None,
        ChatSettings(judge_seconds=60),
        CollectorRegistry(),
    )
    await choices.choose(scope, AiChoice(ai=True))
    feedback = await bench.answers("shelf", shelf=WRONG)
    wrong = await _answer(service, scope, answered(bench.case, shelf=WRONG))
    right = await _answer(service, scope, answered(bench.case))
    await service.close()
    await db.close()
    # A mistake that a mentor has met before is told in the mentor's words.
    assert feedback.findings[0].mentor == "A thing without a price is given away for nothing."
    assert feedback.findings[0].mentor in wrong.answer.text
    assert [cited.finding for cited in wrong.answer.cites] == [feedback.findings[0].id]
    assert "this step is right" in right.answer.text
