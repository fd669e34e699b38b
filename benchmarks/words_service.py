"""The feedback service in its process, as `make run` wires it: `python -m benchmarks.words_service`.

A learner asks about work that a check has judged: what the check finds is known, and the runner has no part in it.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import case_at_hand
from benchmarks.harness import CouldNotRun
from benchmarks.judged_work import JUDGED
from feedback import wiring
from feedback.adapters.cache_directory import DirectoryCache
from feedback.app import create_app
from feedback.baseline import Baselines
from feedback.pipeline import Checker
from feedback.words.rules import RuleWords
from infra.settings import EmbeddedSettings
from services.contracts.case import AuthorCase
from services.contracts.feedback import CheckEvent, CheckRequest, Judged
from services.contracts.observation import Keep, RunEvent, RunRequest
from services.kit.logs import configure_logs
from services.kit.scope import scope_keys
from services.kit.serving import Listener, serve_until_stopped
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import open_vault

_READY_SECONDS: Final = 60


class _NoRuns:
    def run(self, request: RunRequest) -> AsyncIterator[RunEvent]:
        raise AssertionError(f"nothing is run here, and {len(request.cells)} cells shall be")


class _OneCase:
    def __init__(self, case: AuthorCase) -> None:
        self._case = case

    async def author(self, version: str) -> AuthorCase:
        """The case, whose version is known to whoever asks."""
        assert version == self._case.version
        return self._case


class _JudgedBefore(Checker):
    async def check(
        self,
        case: AuthorCase,  # noqa: ARG002
        request: CheckRequest,  # noqa: ARG002
        keep: Keep | None = None,  # noqa: ARG002
        *,
        locate: bool = True,  # noqa: ARG002
    ) -> AsyncGenerator[CheckEvent]:
        """Tell what was found."""
        yield Judged(feedback=JUDGED)


def serve(settings: EmbeddedSettings) -> int:
    """Serve until told to stop."""
    vault = open_vault(settings.mode, settings.home)
    _, verifier = scope_keys(vault.secrets)
    credential = Credential(vault.authority, Identity.service("feedback"), settings.leaf("feedback"))
    runs, baselines = _NoRuns(), settings.home / "feedback"
    judging = wiring.build_judging(runs, _OneCase(case_at_hand.load().draft.author), baselines)
    kept = Baselines(runs, DirectoryCache(baselines), 1)
    judging = replace(judging, checker=_JudgedBefore(runs, kept, RuleWords()))
    app = create_app(judging.service, verifier, open_assisted=wiring.assisted_opener(settings, judging))
    return asyncio.run(serve_until_stopped([Listener(app, credential, settings.socket("feedback"))], vault.authority))


@contextmanager
def process(module: str, *arguments: str, socket: Path, variables: dict[str, str] | None = None) -> Iterator[None]:
    """Run a module beside the block, from when its socket is there. Raises CouldNotRun."""
    log = socket.with_suffix(".log")
    with log.open("wb") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], env=variables or dict(os.environ), stdout=out, stderr=out
        )
        try:
            end = time.monotonic() + _READY_SECONDS
            while not socket.exists():
                if running.poll() is not None or time.monotonic() > end:
                    raise CouldNotRun(f"{module} did not start:\n{log.read_text(errors='replace')[-2000:]}")
                time.sleep(0.05)
            yield
        finally:
            running.terminate()
            running.wait(30)


def main() -> int:
    """Entry point of the process."""
    settings = EmbeddedSettings()
    settings.prepare()
    configure_logs(settings.logs)
    return serve(settings)


if __name__ == "__main__":
    sys.exit(main())
