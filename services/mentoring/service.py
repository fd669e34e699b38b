from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import JobQueue
from services.mentoring.answering import Answering
from services.mentoring.desk import Desk
from services.mentoring.escalations import Escalations
from services.mentoring.mails import Mails
from services.mentoring.measuring import Measuring
from services.mentoring.memory import Remembered
from services.mentoring.metrics import MentoringMetrics
from services.mentoring.own_page import OwnQuestions
from services.mentoring.phrases import CommentBank
from services.mentoring.settings import MailSettings, MentoringSettings


@dataclass(frozen=True)
class MentoringService:
    """All that `mentoring` does."""

    escalations: Escalations
    desk: Desk
    answering: Answering
    memory: Remembered
    phrases: CommentBank
    measuring: Measuring
    questions: OwnQuestions
    metrics: MentoringMetrics

    @classmethod
    def over(
        cls,
        db: Database,
        queue: JobQueue,
        registry: CollectorRegistry,
        settings: MentoringSettings,
        mail: MailSettings,
        clock: Clock,
    ) -> "MentoringService":
        """Build it over a migrated database and the job table in it."""
        metrics, mails = MentoringMetrics(registry), Mails(queue, mail)
        return cls(
            escalations=Escalations(db, mails, settings, metrics, clock),
            desk=Desk(db, queue, settings, clock),
            answering=Answering(db, mails, settings, metrics, clock),
            memory=Remembered(db, mails, settings, metrics, clock),
            phrases=CommentBank(db, settings),
            measuring=Measuring(db, metrics, clock),
            questions=OwnQuestions(db, clock),
            metrics=metrics,
        )


async def _service(request: Request) -> MentoringService:
    return cast("MentoringService", request.app.state.service)


Service = Annotated[MentoringService, Depends(_service)]
"""A route's parameter: the service."""
