"""Images made by repo2docker with our own build pack, on the learners' image."""

import asyncio
import json
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, cast

from case_uploader.adapters.image_engine import Found, ImageEngine, LooksWrong
from case_uploader.adapters.repo2docker_lines import built
from case_uploader.adapters.stock_packs import STOCK_PREFIX, StockPacks
from case_uploader.adapters.wheel_downloads import WheelDownloads
from case_uploader.environments.ports import CannotBuild
from case_uploader.errors import ImagesUnavailable
from case_uploader.images.plan import LEARNER_PREFIX, STAGE_LABEL, Base, Plan, broken_promises, image_key, plan_image
from case_uploader.images.ports import NOTHING_DECLARED, BuiltImage

_NOT_INSTALLED: Final = (
    "repo2docker, which makes images of cases, is not installed: "
    ".cache/setup/uv/bin/uv pip install -p .venv/bin/python -r requirements/production.txt"
)


@dataclass(frozen=True)
class ImageOrder:
    """How images are made and called."""

    repository: str
    """Repository of learners' images: the Hub starts no others."""
    base: str
    """Name or digest of the image that they are made from."""
    installation: str
    """Tells the images of several installations on one engine apart: 12 digits."""
    seconds: float
    """Longest that one build may take, downloads included."""
    most_bytes: int
    """Most that a case may add to the base."""
    memory_bytes: int
    """Memory of a step of the build."""
    prefix: str = LEARNER_PREFIX
    """Folder of the learners' Python environment in the base."""

    def tag(self, key: str) -> str:
        """What the image of that key is called."""
        return f"{self.repository}:case-{self.installation}-{key[:24]}"


class Repo2DockerImages:
    """`ImageBuilder`; see there for what is raised. `stock` makes what packages are added to, where a case says so."""

    def __init__(
        self, engine: ImageEngine, downloads: WheelDownloads, order: ImageOrder, stock: StockPacks | None = None
    ) -> None:
        self._engine, self._downloads, self._order, self._stock = engine, downloads, order, stock
        self._known: dict[str, Base] = {}

    async def key(self, packages: Mapping[str, str], declared: Mapping[str, str] = NOTHING_DECLARED) -> str:
        """As `ImageBuilder.key`."""
        base = await self._find_base()
        if self._stock is None or not declared:
            return image_key(base.digest, self._order.prefix, packages)
        return _stock_key(base, await self._stock.find_base(), packages, declared)

    async def has(self, key: str, digest: str) -> bool:
        """As `ImageBuilder.has`."""
        found = await self._engine.inspect(self._order.tag(key))
        return found is not None and found.digest == digest

    async def remove(self, key: str) -> bool:
        """As `ImageBuilder.remove`."""
        tag = self._order.tag(key)
        await self._remove_leftovers(tag, key)
        return await self._engine.remove(tag)

    async def build(
        self, packages: Mapping[str, str], declared: Mapping[str, str] = NOTHING_DECLARED
    ) -> AsyncIterator[str | BuiltImage]:
        """As `ImageBuilder.build`."""
        if find_spec("repo2docker") is None:
            raise ImagesUnavailable(_NOT_INSTALLED)
        key = await self.key(packages, declared)
        tag = self._order.tag(key)
        await self._remove_leftovers(tag, key)
        # A name of this build's own: one that was killed goes on in the engine, and would name what nobody looked at.
        draft = f"{tag}-{secrets.token_hex(6)}"
        try:
            found: Found | None = None
            try:
                drafted = self._drafted(packages, declared, draft)
                async with asyncio.timeout(self._order.seconds), aclosing(cast("Any", drafted)) as lines:
                    async for line in lines:
                        if isinstance(line, Found):
                            found = line
                        else:
                            yield line
            except TimeoutError:
                raise CannotBuild(f"making its image took longer than {self._order.seconds:.0f} seconds") from None
            assert found is not None, "a draft ends with what it stands on"
            yield "looking whether JupyterLab starts in it"
            image = await self._approved(draft, found, packages)
            await self._engine.name(image, tag)
        finally:
            await self._engine.remove(draft)
            await self._engine.remove_unnamed(f"{STAGE_LABEL}={key}")
        yield BuiltImage(image)

    async def _drafted(
        self, packages: Mapping[str, str], declared: Mapping[str, str], draft: str
    ) -> AsyncIterator[str | Found]:
        """Lines, then the image whose bytes the case does not answer for."""
        found = await self._find_base()
        base = await self._look_at_base(found)
        if self._stock is None or not declared:
            async for line in self._make(plan_image(base, self._order.prefix, packages), base, draft):
                yield line
            yield found
            return
        packs, bottom = f"{draft}-packs", await self._stock.find_base()
        try:
            made = self._stock.make(declared, bottom, base.python, packs, self._order.memory_bytes)
            async with aclosing(cast("Any", made)) as lines:
                async for line in lines:
                    yield f"packs: {line}"
            under = await self._look_at_packs(packs, base)
            key = _stock_key(found, bottom, packages, declared)
            plan = replace(plan_image(under, STOCK_PREFIX, packages), key=key, learner=found.digest)
            async for line in self._make(plan, under, draft):
                yield line
        finally:
            await self._engine.remove(packs)
        yield bottom

    async def _remove_leftovers(self, tag: str, key: str) -> None:
        """Remove what killed builds of this image have left."""
        await self._engine.remove_unnamed(f"{STAGE_LABEL}={key}")
        for draft in await self._engine.names(f"{tag}-*"):
            await self._engine.remove(draft)

    async def _find_base(self) -> Found:
        found = await self._engine.inspect(self._order.base)
        if found is None:
            raise ImagesUnavailable(
                f"There is no image {self._order.base}, which images of cases are made from: "
                "`python3 infra/images/build.py learner` makes it."
            )
        return found

    async def _look_at_base(self, found: Found) -> Base:
        if found.digest not in self._known:
            try:
                python = f"{self._order.prefix}/bin/python"
                self._known[found.digest] = await self._engine.look(found.digest, python, try_server=False)
            except LooksWrong as error:
                raise ImagesUnavailable(
                    f"{self._order.base} is no image for learners: {self._order.prefix}/bin/python does not run in "
                    f"it ({error})."
                ) from error
        return self._known[found.digest]

    async def _look_at_packs(self, tag: str, learner: Base) -> Base:
        """What repo2docker's own packs have made. Raises `CannotBuild`."""
        made = await self._engine.inspect(tag)
        if made is None:
            raise CannotBuild("repo2docker's image was made, and is gone")
        try:
            base = await self._engine.look(made.digest, f"{STOCK_PREFIX}/bin/python", try_server=False)
        except LooksWrong as error:
            raise CannotBuild(f"{STOCK_PREFIX}/bin/python does not run in repo2docker's image ({error})") from error
        has, needs = (".".join(one.python.split(".")[:2]) for one in (base, learner))
        if has != needs:
            raise CannotBuild(f"repo2docker's image has Python {has}, and checks run with {needs}: ask for {needs}")
        return base

    async def _make(self, plan: Plan, base: Base, tag: str) -> AsyncIterator[str]:
        with tempfile.TemporaryDirectory(prefix="caseloop-image-") as folder:
            scratch = Path(folder)
            fetched = self._downloads.fetch(plan.add, base, scratch / "wheels", self._order.most_bytes)
            async with aclosing(cast("Any", fetched)) as lines:
                async for line in lines:
                    yield line
            await asyncio.to_thread(_write_context, scratch, plan)
            # -P: nothing that lies in the folder it runs in is imported
            command = [sys.executable, "-P", "-m", "case_uploader.adapters.repo2docker_process"]
            command += [str(scratch / "plan.json"), tag, str(self._order.memory_bytes), str(scratch / "context")]
            async with aclosing(cast("Any", built(command, scratch))) as lines:
                async for line in lines:
                    yield line

    async def _approved(self, tag: str, base: Found, packages: Mapping[str, str]) -> str:
        """The new image's digest, once it is what was ordered. Raises `CannotBuild`."""
        made = await self._engine.inspect(tag)
        if made is None:
            raise CannotBuild("its image was made, and is gone")
        added = made.size - base.size
        if added > self._order.most_bytes:
            raise CannotBuild(f"its image has {added:,} bytes of its own; {self._order.most_bytes:,} are allowed")
        try:
            seen = await self._engine.look(made.digest, f"{self._order.prefix}/bin/python", try_server=True)
        except LooksWrong as error:
            raise CannotBuild(f"JupyterLab does not start with these packages in the image ({error})") from error
        if broken := broken_promises(packages, seen.packages):
            raise CannotBuild(f"the image differs from the environment of the checks: {'; '.join(broken[:5])}")
        return made.digest


def _write_context(scratch: Path, plan: Plan) -> None:
    """What the engine is sent: the list of packages and their wheels. Nothing of the case is among it."""
    (scratch / "plan.json").write_text(json.dumps(asdict(plan)))
    context = scratch / "context"
    context.mkdir()
    (context / "requirements.txt").write_text("".join(f"{line}\n" for line in plan.add))
    if plan.add:
        (scratch / "wheels").rename(context / "wheels")


def _stock_key(learner: Found, bottom: Found, packages: Mapping[str, str], declared: Mapping[str, str]) -> str:
    return image_key(learner.digest, STOCK_PREFIX, packages, {**declared, "": bottom.digest})
