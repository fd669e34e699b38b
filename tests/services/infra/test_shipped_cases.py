"""Publishing the cases that ship, as the first start does."""

import asyncio
from pathlib import Path

import pytest

from case_uploader.scaffold import scaffold
from infra.settings import EmbeddedSettings
from infra.shipped import NotPublished, publish_shipped

pytestmark = pytest.mark.sandbox
CASE = "coffee-sales"


@pytest.fixture
def settings(tmp_path: Path) -> EmbeddedSettings:
    """A home of its own with one case to publish, a small one."""
    scaffold(tmp_path / "cases", CASE)
    made = EmbeddedSettings(home=tmp_path / "home", cases=tmp_path / "cases")
    made.prepare()
    return made


async def test_a_case_is_published_once_and_again_when_it_has_changed(settings: EmbeddedSettings) -> None:
    never = asyncio.Event()
    assert await publish_shipped(settings, never)
    assert not await publish_shipped(settings, never)
    manifest = settings.cases / CASE / "case.yaml"
    manifest.write_text(manifest.read_text().replace("minutes: 20", "minutes: 25"))
    assert await publish_shipped(settings, never)


async def test_a_case_that_cannot_be_published_says_where_and_what_without_a_word_of_logs(
    settings: EmbeddedSettings,
) -> None:
    (settings.cases / CASE / "solution.ipynb").write_text("{")
    with pytest.raises(NotPublished) as refused:
        await publish_shipped(settings, asyncio.Event())
    said = str(refused.value)
    assert "solution.ipynb" in said
    assert "not-json" in said
    assert "request_id" not in said
    assert str(settings.home / "logs" / "publish.log") in said


async def test_what_stands_in_the_way_of_publishing_is_said_with_its_cure(settings: EmbeddedSettings) -> None:
    (settings.home / "cases").mkdir(mode=0o755)
    with pytest.raises(NotPublished, match="chmod 700"):
        await publish_shipped(settings, asyncio.Event())
