"""Choosing the adapters. The mode is matched here and nowhere else in this package."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.kit import wiring
from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.adapters.mail_outbox import OutboxMailer
from services.kit.adapters.mail_smtp import SmtpMailer, SmtpServer
from services.kit.clock import utc_now
from services.kit.database import Database
from services.kit.mail import Mailer
from services.kit.migrations import migrated
from services.kit.scope import ScopeVerifier
from services.kit.settings import Settings
from services.mentoring.app import create_app
from services.mentoring.forgetting import Forgetting
from services.mentoring.kept import KeptAnswers
from services.mentoring.models import JOBS
from services.mentoring.settings import MailSettings


class NoAdapter(Exception):
    """The settings do not name what the chosen mode needs."""


def build(settings: Settings, scope_verifier: ScopeVerifier) -> FastAPI:
    """Make `mentoring` as the settings say. Raises NoAdapter, DatabaseMisconfigured."""
    mail = MailSettings()
    return create_app(open_database(settings), open_mailer(settings, mail), scope_verifier, mail=mail)


def open_database(settings: Settings) -> Database:
    """The database of `mentoring`, to be migrated. Raises DatabaseMisconfigured."""
    return wiring.open_database(settings.mode, "mentoring", settings.home / "mentoring.sqlite")


@asynccontextmanager
async def open_forgetting(settings: Settings) -> AsyncIterator[Forgetting]:
    """For operators, who may have learners forgotten. Raises DatabaseMisconfigured, MigrationFailed."""
    async with migrated(open_database(settings), "services.mentoring") as db:
        yield Forgetting(db, TableJobQueue(db, JOBS), utc_now)


@asynccontextmanager
async def open_kept(settings: Settings) -> AsyncIterator[KeptAnswers]:
    """What mentors have answered, for evaluation; also while Caseloop is running.

    Raises DatabaseMisconfigured, MigrationFailed.
    """
    async with migrated(open_database(settings), "services.mentoring") as db:
        yield KeptAnswers(db)


def open_mailer(settings: Settings, mail: MailSettings) -> Mailer:
    """How mail leaves: by the SMTP server that is named, else into the outbox of the home. Raises NoAdapter."""
    if mail.smtp_host:
        password = mail.smtp_password.get_secret_value() if mail.smtp_password else ""
        server = SmtpServer(mail.smtp_host, mail.smtp_port, mail.smtp_tls, mail.smtp_user, password)
        return SmtpMailer(server, mail.sender)
    match settings.mode:
        case "embedded":
            return OutboxMailer(settings.home / "outbox", mail.sender)
        case "production":
            raise NoAdapter("production mode sends mail by SMTP; set CASELOOP_MAIL_SMTP_HOST")
