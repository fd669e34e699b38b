from typing import Annotated

from fastapi import APIRouter, Depends, Path

from services.contracts.escalation import OwnQuestion
from services.kit.peer import require_peer
from services.mentoring.service import Service

router = APIRouter(dependencies=[Depends(require_peer("hub"))])
"""For the Hub's page of a learner's progress: the Hub knows who is signed in, and shows each their own."""


@router.get("/users/{user}/questions")
async def questions_of(
    service: Service, user: Annotated[str, Path(min_length=1, max_length=255)]
) -> tuple[OwnQuestion, ...]:
    """A learner's questions in all cases, newest first."""
    return await service.questions.of(user)
