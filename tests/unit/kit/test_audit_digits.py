"""The digits of a chained log are those that docs/how-to/audit.md shows how to work out with other tools."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from services.kit.audit_chain import NOTHING, linked

CONTENT: dict[str, Any] = {
    "who": "zoë",
    "happened": datetime(2026, 11, 26, 3, 4, 5, 678_901, tzinfo=UTC),
    "detail": None,
}
DIGITS = "cddf4703cdc918388d72a89e7eb8dd4898ae5c6be197d4c44bd5b50b57c02739"
"""By sha256sum over 64 noughts, a line feed, and the content as JSON with its keys in order."""


def test_the_digits_are_those_of_the_page() -> None:
    assert linked(NOTHING, CONTENT) == DIGITS


def test_neither_the_zone_nor_the_order_of_columns_matters() -> None:
    elsewhere = CONTENT["happened"].astimezone(timezone(timedelta(hours=5)))
    assert linked(NOTHING, {"happened": elsewhere, "detail": None, "who": "zoë"}) == DIGITS
    assert linked(NOTHING, CONTENT | {"happened": CONTENT["happened"].replace(tzinfo=None)}) == DIGITS


def test_every_part_and_what_stands_before_matter() -> None:
    others = [CONTENT | {"who": "zoe"}, CONTENT | {"detail": ""}, CONTENT | {"more": None}]
    made = [linked(DIGITS, CONTENT), *(linked(NOTHING, other) for other in others)]
    assert len({DIGITS, *made}) == 5
