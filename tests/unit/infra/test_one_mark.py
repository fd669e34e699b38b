"""The Hub's pages and the desk carry the same mark."""

from pathlib import Path

PROJECT = Path(__file__).parents[3]


def test_hub_and_desk_show_one_mark() -> None:
    hub, desk = PROJECT / "infra/hub/static/logo.svg", PROJECT / "web/dashboard/src/style/icon.svg"
    assert hub.read_text() == desk.read_text()
