"""Publishing cases: a large upload, environments, many versions, and Case CI on the sample cases."""

import asyncio
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, cast

import yaml

from benchmarks import case_builds, case_upload
from benchmarks.harness import CouldNotRun, Figure, Report, main
from case_uploader.drafts import DraftStore
from case_uploader.format.case_folder import CaseDraft, read_case_folder
from case_uploader.scaffold import scaffold
from case_uploader.steps import Rejected, Reported
from case_uploader.versions.service import Versions
from case_uploader.wiring import open_backends, reading_service
from infra.settings import PROJECT, EmbeddedSettings
from infra.workshop import open_case_service
from services.contracts.case_report import CaseReport
from services.kit.logs import configure_logs
from services.kit.settings import LogSettings

_CASES: Final = ("python-basics", "clean-regression", "forecast-validation")
_VERSIONS, _QUICK_VERSIONS = 1_000, 100
_QUICK_MUTANTS: Final = 8


def run(report: Report) -> None:
    """Measure what admins wait for, and what Case CI finds."""
    configure_logs(LogSettings(level="warning"))
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as name:
        folder = Path(name)
        for part in (case_upload.measure, case_builds.measure, _versions, _case_ci):
            place = folder / part.__module__.rpartition(".")[2] / part.__name__.strip("_")
            place.mkdir(parents=True)
            part(report, place)
            shutil.rmtree(place)


def _versions(report: Report, folder: Path) -> None:
    """Store versions of one case, read each as a learner gets it, and list them."""
    draft = read_case_folder(scaffold(folder, "Many versions")).draft
    assert draft is not None, "a new case reads without a problem"
    many = _QUICK_VERSIONS if report.quick else _VERSIONS
    stored, read, listed = asyncio.run(_stored(draft, many, EmbeddedSettings(home=folder / "home", run_dir=Path())))
    note = f"of {many:,}"
    report.add("store_version_ms", Figure(stored / many * 1e3, "ms", note=f"{note}, each with its data, published"))
    report.add("read_version_ms", Figure(read / many * 1e3, "ms", note=f"{note}, as a learner gets it"))
    report.add("list_versions_ms", Figure(listed * 1e3, "ms", note=f"the history {note}"))


async def _stored(draft: CaseDraft, many: int, settings: EmbeddedSettings) -> tuple[float, float, float]:
    settings.prepare()
    versions = list(_variations(draft, many))
    async with open_backends(settings) as backends:
        drafts = DraftStore(backends.database, backends.objects)
        start = time.perf_counter()
        for version in versions:
            await drafts.publish(await drafts.keep(version), "bench")
        stored = time.perf_counter()
        service = reading_service(backends)
        for version in versions:
            if (await service.learner(version.version)).title != version.learner.title:
                raise CouldNotRun("a version is not what was stored")
        read = time.perf_counter()
        history = await Versions(backends.database, backends.objects).history(draft.author.id)
        if len(history) != many:
            raise CouldNotRun(f"{len(history)} of {many} versions are listed")
        return stored - start, read - stored, time.perf_counter() - read


def _variations(draft: CaseDraft, many: int) -> Iterator[CaseDraft]:
    for number in range(many):
        change = {"title": f"Edition {number}", "version": hashlib.sha256(str(number).encode()).hexdigest()}
        author, learner = draft.author.model_copy(update=change), draft.learner.model_copy(update=change)
        yield CaseDraft(**{**vars(draft), "author": author, "learner": learner})


def _case_ci(report: Report, folder: Path) -> None:
    """The whole CI of each sample case, by the real runner."""
    settings = EmbeddedSettings(home=folder / "home", run_dir=Path())
    checked = asyncio.run(_checked([_folder(name, folder, quick=report.quick) for name in _CASES], settings))
    for name, (found, _) in zip(_CASES, checked, strict=True):
        _caught(report, name, found)
    reports = [found for found, _ in checked if found is not None]
    refused = sum(len(variants) for _, variants in checked)
    mutants = sum(len(found.mutants) for found in reports)
    if mutants:
        seconds = sum(found.mutant_seconds for found in reports)
        report.add("mutant_s", Figure(seconds / mutants, "s", note=f"of {mutants}, with both seeds"))
    report.add("variants_refused", Figure(refused, target=0, note="of all variants of the three"))
    report.add("case_ci_s", Figure(sum(found.seconds for found in reports), "s", note="the three, trials included"))


def _caught(report: Report, name: str, found: CaseReport | None) -> None:
    """Of the faults that change something, how many the checks see; none where the case was refused before."""
    caught = judged = 0
    note = "refused before a fault was tried"
    if found is not None:
        caught, judged = found.counted("caught"), found.counted("caught", "missed")
        note = f"of {judged} that are not equivalent; {len(found.mutants) - judged} are, {found.left_out} left out"
        for mutant in found.mutants:
            if mutant.outcome in ("missed", "not_judged"):
                print(f"{name}: {mutant.outcome}: {mutant.cell}, line {mutant.line}: {mutant.title}")
    share = 100 * caught / judged if judged else 0.0
    report.add(f"{name}_caught", Figure(share, "%", target=90, better="higher", note=note))


def _folder(name: str, folder: Path, *, quick: bool) -> Path:
    """The sample case; a quick run takes a few of its small faults, evenly."""
    copy = folder / name
    shutil.copytree(PROJECT / "cases" / name, copy)
    if quick:
        manifest = yaml.safe_load((copy / "case.yaml").read_text())
        # Its threshold is for all of them.
        manifest["ci"] = {**manifest.get("ci", {}), "max_mutants": _QUICK_MUTANTS, "threshold": None}
        (copy / "case.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True))
        (copy / "flaws.yaml").unlink()
    return copy


async def _checked(folders: list[Path], settings: EmbeddedSettings) -> list[tuple[CaseReport | None, list[str]]]:
    """Of each case its report, if it got that far, and the variants that were refused."""
    checked = []
    async with open_case_service(settings) as service:
        for folder in folders:
            report, refused = None, list[str]()
            async with aclosing(cast("Any", service.check(folder))) as steps:
                async for step in steps:
                    if isinstance(step, Reported):
                        report = step.report
                    elif isinstance(step, Rejected):
                        refused = [one.message for one in step.problems if one.rule == "variant-fails"]
                        print("\n".join(f"{folder.name}: {one.rule}: {one.message}" for one in step.problems))
            checked.append((report, refused))
    return checked


if __name__ == "__main__":
    sys.exit(main("cases", run))
