from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Path, Query, Request

from case_uploader.access import CurrentAdmin, admin_router
from case_uploader.versions.service import Versions
from services.contracts.case import Slug
from services.contracts.case_version import CaseVersion, VersionChanges, Withdraw

router: Final[APIRouter] = admin_router()
_DIGEST: Final = r"^[0-9a-f]{64}$"
_Digest = Annotated[str, Path(pattern=_DIGEST)]


async def _versions(request: Request) -> Versions:
    return cast("Versions", request.app.state.versions)


History = Annotated[Versions, Depends(_versions)]


@router.get("/waiting")
async def waiting(versions: History) -> tuple[CaseVersion, ...]:
    """Checked versions of all cases that wait to be published."""
    return await versions.waiting()


@router.get("/cases/{case}/versions")
async def history(case: Slug, versions: History) -> tuple[CaseVersion, ...]:
    """All versions of a case, newest first."""
    return await versions.history(case)


@router.get("/comparison")
async def comparison(
    before: Annotated[str, Query(pattern=_DIGEST)], after: Annotated[str, Query(pattern=_DIGEST)], versions: History
) -> VersionChanges:
    """What changed from one version to another."""
    return await versions.compare(before, after)


@router.post("/versions/{version}/publication")
async def publish(version: _Digest, admin: CurrentAdmin, versions: History) -> CaseVersion:
    """Make a checked or an older version the current one."""
    return await versions.publish(version, admin)


@router.post("/versions/{version}/withdrawal")
async def withdraw(version: _Digest, body: Withdraw, admin: CurrentAdmin, versions: History) -> CaseVersion:
    """Let nobody new get a version."""
    return await versions.withdraw(version, admin, body.reason)


@router.delete("/versions/{version}", status_code=204)
async def discard(version: _Digest, admin: CurrentAdmin, versions: History) -> None:
    """Throw a checked version away."""
    await versions.discard(version, admin)
