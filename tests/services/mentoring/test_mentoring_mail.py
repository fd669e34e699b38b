"""Who gets which mail, once, whatever happens in between."""

import asyncio
import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from services.contracts.errors import ServiceError
from services.contracts.escalation import AnswerEscalation, LineComment, WriteNote
from services.contracts.notebook import Place
from services.kit.adapters.mail_outbox import OutboxMailer
from services.kit.adapters.mail_smtp import SmtpMailer
from services.kit.mail import Mail, MailFailed
from services.kit.settings import Settings
from services.mentoring.models import JOBS
from services.mentoring.settings import MailSettings
from services.mentoring.wiring import NoAdapter, open_mailer
from tests.services.mentoring.conftest import House, Town


class Flaky:
    """A mailer whose server is away at first, or which dies after the mail has gone."""

    def __init__(self, mailer: OutboxMailer, failures: int, *, after: bool) -> None:
        self._mailer, self.failures, self._after = mailer, failures, after

    async def send(self, mail: Mail) -> None:
        if self._after:
            await self._mailer.send(mail)
        if self.failures:
            self.failures -= 1
            raise MailFailed("the server is away")
        await self._mailer.send(mail)


async def test_every_mentor_hears_of_a_new_question(town: Town) -> None:
    asked = await town.ask(notes="my secret thoughts", email="ada@home.example")
    mails = await town.mails_at_last(2)
    assert {mail["To"] for mail in mails} == {"mia@school.example", "max@school.example"}
    text = mails[0].get_content()
    assert mails[0]["Subject"] == "Caseloop: a question about The mean"
    assert f"https://x.example/d/queue/{asked.id}" in text
    assert "ada waits for a mentor" in text
    assert "the same problem several times" in text
    assert "secret" not in text


async def test_the_learner_who_left_an_address_hears_of_the_answer(town: Town) -> None:
    asked = await town.ask(email="ada@home.example")
    await town.take(asked.id)
    await town.mails_at_last(2)
    comment = LineComment(place=Place(cell="answer", line=1, end_line=2), text="Sum of what?")
    await town.dashboard.write_as_mentor(asked.id, WriteNote(text="What do you mean?"), town.mentor())
    await town.mails_at_last(3)
    await town.dashboard.answer(asked.id, AnswerEscalation(text="Divide <b>.", comments=(comment,)), town.mentor())
    mails = await town.mails_at_last(4)
    assert [mail["To"] for mail in mails[2:]] == ["ada@home.example"] * 2
    assert "mia has written about your question" in mails[2].get_content()
    text = mails[3].get_content()
    assert mails[3]["Subject"] == "Caseloop: a mentor answered your question about The mean"
    assert "Divide <b>." in text
    assert "- lines 1 to 2: Sum of what?" in text


async def test_who_left_no_address_gets_no_mail(town: Town) -> None:
    asked = await town.ask()
    await town.take(asked.id)
    await town.mails_at_last(2)
    await town.dashboard.answer(asked.id, AnswerEscalation(text="Divide."), town.mentor())
    await town.ask("bob")
    mails = await town.mails_at_last(4)
    assert all(mail["To"].endswith("@school.example") for mail in mails)


async def test_a_title_that_would_be_a_header_becomes_a_line(town: Town) -> None:
    await town.ask(subtask_title="The mean\r\nBcc: all@school.example", case_title="x\n\n<script>")
    for mail in await town.mails_at_last(2):
        assert mail["Subject"] == "Caseloop: a question about The mean Bcc: all@school.example"
        assert mail["Bcc"] is None


async def test_a_question_that_is_refused_orders_no_mail(town: Town) -> None:
    with pytest.raises(ServiceError):
        await town.ask(email="none")
    await town.ask()
    await town.mails_at_last(2)
    assert await _jobs(town.house, "mail") == 2


@pytest.mark.parametrize("after", [False, True], ids=["server away", "answer lost"])
async def test_a_mail_is_sent_once_however_often_it_is_tried(house: House, after: bool) -> None:
    house.mailer = Flaky(OutboxMailer(house.folder / "outbox", house.mail.sender), 1, after=after)
    async with house.open() as town:
        await town.ask()
        async with asyncio.timeout(20):
            while await _jobs(house, "mail", "done") < 2:
                # The clock of the queue stands, and so do its waits, until somebody moves it.
                house.clock.move(seconds=5)
                await asyncio.sleep(0.05)
        mails = await town.mails_at_last(2)
        assert len({mail["Message-ID"] for mail in mails}) == 2
        assert town.app.state.metrics.registry.get_sample_value("caseloop_mails_total", {"outcome": "sent"}) == 2


async def test_mails_that_were_ordered_are_sent_by_the_next_process(house: House) -> None:
    away = Flaky(OutboxMailer(house.folder / "outbox", house.mail.sender), 10**6, after=False)
    kept, house.mailer = house.mailer, away
    async with house.open() as town:
        await town.ask()
        async with asyncio.timeout(30):
            while away.failures > 10**6 - 2:
                await asyncio.sleep(0.02)
    assert house.mails() == []
    house.mailer = kept
    house.clock.move(hours=1)
    async with house.open() as town:
        await town.mails_at_last(2)


async def test_a_question_that_was_cancelled_meanwhile_wakes_nobody(house: House) -> None:
    away = Flaky(OutboxMailer(house.folder / "outbox", house.mail.sender), 10**6, after=False)
    house.mailer = away
    async with house.open() as town:
        asked = await town.ask()
        async with asyncio.timeout(30):
            while away.failures > 10**6 - 2:  # an attempt under way has read that nobody cancelled
                await asyncio.sleep(0.02)
        await town.gateway.cancel(asked.id, town.learner())
        away.failures = 0
        async with asyncio.timeout(30):
            while await _jobs(house, "mail", "done") < 2:
                house.clock.move(seconds=5)
                await asyncio.sleep(0.05)
        assert house.mails() == []


async def test_the_digest_comes_once_a_day(house: House) -> None:
    async with house.open() as town:
        asked = await town.ask("ada")
        await town.ask("bob")
        await town.mails_at_last(4)
        await town.take(asked.id)
        await town.dashboard.answer(asked.id, AnswerEscalation(text="Divide."), town.mentor())
        # From noon to six in the morning.
        house.clock.move(hours=18, seconds=1)
        mails = await town.mails_at_last(6)
    digests = [mail for mail in mails if "queue" in mail["Subject"]]
    assert {mail["To"] for mail in digests} == {"mia@school.example", "max@school.example"}
    assert digests[0]["Subject"] == "Caseloop: 1 in the mentors' queue, 1 answered since yesterday"
    text = digests[0].get_content()
    assert re.search(r"Asked since yesterday: +2\b", text)
    assert "waits for 18 h 0 min" in text
    async with house.open() as town:
        # Another process on the same morning has nothing to add; the day after has its own.
        assert await _jobs(house, "digest", "queued") == 1
        house.clock.move(hours=24)
        await town.mails_at_last(8)


async def test_a_day_without_anything_has_no_digest(house: House) -> None:
    async with house.open():
        house.clock.move(hours=18, seconds=1)
        async with asyncio.timeout(30):
            while await _jobs(house, "digest", "done") < 1:
                await asyncio.sleep(0.05)
        assert await _jobs(house, "mail") == 0
        assert await _jobs(house, "digest", "queued") == 1


def test_mail_goes_where_the_settings_say(tmp_path: Path) -> None:
    home = Settings(_env_file=None, home=tmp_path)
    assert isinstance(open_mailer(home, MailSettings(_env_file=None)), OutboxMailer)
    smtp = MailSettings(_env_file=None, smtp_host="mail.school.example")
    assert isinstance(open_mailer(home, smtp), SmtpMailer)
    production = Settings(_env_file=None, home=tmp_path, mode="production")
    assert isinstance(open_mailer(production, smtp), SmtpMailer)
    with pytest.raises(NoAdapter, match="CASELOOP_MAIL_SMTP_HOST"):
        open_mailer(production, MailSettings(_env_file=None))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MENTORS", "mia@school.example, nobody", "no e-mail address"),
        ("SENDER", "a@b.example\nBcc: c@d.example", "no e-mail address"),
        ("SMTP_TLS", "none", "must be encrypted"),
    ],
)
def test_settings_of_mail_that_cannot_be_meant_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv("CASELOOP_MAIL_SMTP_HOST", "mail.school.example")
    monkeypatch.setenv(f"CASELOOP_MAIL_{name}", value)
    with pytest.raises(ValidationError, match=words):
        MailSettings(_env_file=None)


async def _jobs(house: House, kind: str, status: str | None = None) -> int:
    db = house.database()
    query = select(JOBS.c.id).where(JOBS.c.kind == kind)
    try:
        async with db.read() as session:
            return len((await session.scalars(query if status is None else query.where(JOBS.c.status == status))).all())
    finally:
        await db.close()
