"""A case archive on its way to becoming a version."""

from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from services.contracts.case import Digest
from services.contracts.model import JsonObject, WireModel

UploadState = Literal["receiving", "waiting", "working", "published", "checked", "rejected", "failed", "cancelled"]
UNDER_WAY: Final = ("receiving", "waiting", "working")
"""States after which another one follows."""
OFFSET_HEADER: Final = "Upload-Offset"
"""Where in the archive a part begins, in bytes."""
CHECKSUM_HEADER: Final = "Upload-Checksum"
"""`sha256 ` and 64 hex digits of the part; a part without one is taken as it comes."""


class OpenUpload(WireModel):
    """Begin an upload."""

    name: str = Field(min_length=1, max_length=200)
    """What the archive is called, for people."""
    size: int = Field(gt=0)
    """Bytes."""
    publish: bool = False
    """Publish it when it passes; else it waits as a checked version."""


class CompleteUpload(WireModel):
    """All parts are sent."""

    digest: Digest | None = None
    """sha256 of the whole archive, where the sender knows it."""


class UploadView(WireModel):
    """How an upload stands."""

    id: str
    name: str
    by: str
    size: int
    received: int
    """Bytes that are kept; the next part begins here."""
    part_bytes: int
    """Largest part that is taken."""
    publish: bool
    state: UploadState
    begun: datetime
    ended: datetime | None = None
    case: str | None = None
    version: Digest | None = None
    """Of what it became."""
    detail: str = ""
    """Why it failed."""


class UploadStep(WireModel):
    """One thing an upload tells while it is worked on."""

    sequence: int
    """Counts up from 1."""
    at: datetime
    step: JsonObject
    """`kind` says which step it is; docs/reference/dashboard-api.md lists them."""
