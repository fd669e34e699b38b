from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Path, Request

from case_uploader.access import CurrentAdmin, admin_router
from case_uploader.regrades.service import Regrades
from services.contracts.case import Slug
from services.contracts.regrade import RegradeView, StartRegrade

router: Final[APIRouter] = admin_router()
_Id = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


async def _regrades(request: Request) -> Regrades:
    return cast("Regrades", request.app.state.regrades)


Again = Annotated[Regrades, Depends(_regrades)]


@router.post("/regrades", status_code=201)
async def start(body: StartRegrade, admin: CurrentAdmin, regrades: Again) -> RegradeView:
    """Begin a preview."""
    return await regrades.start(body.version, admin)


@router.get("/regrades/{regrade}")
async def one(regrade: _Id, regrades: Again) -> RegradeView:
    """One regrade with what it found."""
    return await regrades.get(regrade)


@router.get("/cases/{case}/regrades")
async def of_case(case: Slug, regrades: Again) -> tuple[RegradeView, ...]:
    """The last regrades of a case."""
    return await regrades.of_case(case)


@router.post("/regrades/{regrade}/application")
async def apply(regrade: _Id, admin: CurrentAdmin, regrades: Again) -> RegradeView:
    """Take the gains over in earnest."""
    return await regrades.apply(regrade, admin)
