"""How quickly QA's pages answer over runs of ten thousand samples.

Every request goes to the app of `evaluation` with the dashboard's certificate and a scope token, all in this process
and without TLS. `first`: by a service that was just started, of runs whose commands left what they had computed.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.harness import CouldNotRun, Figure, Report, main
from benchmarks.quality_data import AFTER, BEFORE, make_runs
from evaluation.runs.store import RUNS
from evaluation.serving.app import create_app
from evaluation.serving.comparing import compare_kept
from evaluation.serving.index import FILE
from evaluation.serving.indexing import index_run
from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.identity import Role
from services.kit.http import in_process_client
from services.kit.scope import ScopeMinter, ScopeVerifier

API_MS: Final = 200.0
Ask = Callable[[], str]


def run(report: Report) -> None:
    """Measure the pages over two runs of 10,000 samples (1,000 with --quick), a fifth of which a judge has seen."""
    # A line a request would be most of what is measured.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        asyncio.run(_measure(report, Path(folder) / "home", 1_000 if report.quick else 10_000))


async def _measure(report: Report, home: Path, samples: int) -> None:
    began = time.perf_counter()
    make_runs(home, samples)
    size = sum(file.stat().st_size for file in (home / RUNS).rglob("*.jsonl")) / 1e6
    report.add("files", Figure(size, "MB", note=f"{samples} samples a run; {_since(began):.0f} s to make"))
    asked = dict(_asked(samples))
    await _nothing_kept(report, home)
    for name in (BEFORE, AFTER):
        began = time.perf_counter()
        index_run(home, name)
        report.add(f"index_{'judged' if name == AFTER else 'plain'}", Figure(_since(began), "s", note="by a command"))
    began = time.perf_counter()
    compare_kept(home, BEFORE, AFTER)
    report.add("compare", Figure(_since(began), "s", note="by a command"))
    for name, paths in asked.items():
        async with _service(home) as http:
            report.add(f"{name}_first", Figure(await _ms(http, next(paths)), "ms", target=API_MS))
    async with _service(home) as http:
        for name, paths in asked.items():
            taken = [await _ms(http, next(paths)) for _ in range(30 if report.quick else 100)]
            report.add(f"{name}_p50", Figure(statistics.median(taken), "ms"))
            report.add(f"{name}_p95", Figure(statistics.quantiles(taken, n=20)[-1], "ms", target=API_MS))


async def _nothing_kept(report: Report, home: Path) -> None:
    """A run that was copied here, or is of an earlier version: the page waits for the process that computes."""
    async with _service(home) as http:
        report.add("nothing_kept", Figure(await _ms(http, f"/runs/{BEFORE}") / 1e3, "s", note="once, then kept"))
    (home / RUNS / BEFORE / FILE).unlink()


def _asked(samples: int) -> Iterator[tuple[str, Iterator[str]]]:
    """What is measured, by name, and the requests of each."""
    chance = random.Random(5)

    def endless(make: Ask) -> Iterator[str]:
        while True:
            yield make()

    def sample() -> str:
        number = chance.randrange(0, samples, 5)
        return f"case-{number % 12:02}/mutant-{number}/step-{number // 12 % 5}"

    parts = f"/runs/{AFTER}/samples?limit=50"
    yield "runs", endless(lambda: "/runs?limit=100")
    yield "run", endless(lambda: f"/runs/{AFTER}")
    yield "samples", endless(lambda: f"{parts}&after={chance.randrange(samples)}")
    yield "samples_missing", endless(lambda: f"{parts}&failed=problem-recall&case=case-{chance.randrange(12):02}")
    yield "samples_changed", endless(lambda: f"{parts}&against={BEFORE}&changed=true&after={chance.randrange(400)}")
    yield "sample", endless(lambda: f"/runs/{AFTER}/sample?id={sample()}&against={BEFORE}")
    yield "exchanges", endless(lambda: f"/runs/{AFTER}/exchanges?id={sample()}")
    yield "comparison", endless(lambda: f"/comparison?before={BEFORE}&after={AFTER}")
    yield "to_label", endless(lambda: f"/runs/{AFTER}/labels")


def _service(home: Path) -> httpx.AsyncClient:
    """A service that was just started."""
    key = Ed25519PrivateKey.generate()
    scope = ScopeMinter(key).mint(user="quinn", role=Role.QA, case="*", case_version="*")
    client = in_process_client(create_app(home, ScopeVerifier(key.public_key())), "dashboard", httpx.Timeout(180))
    client.headers[SCOPE_HEADER] = scope
    return client


async def _ms(http: httpx.AsyncClient, path: str) -> float:
    began = time.perf_counter()
    answer = await http.get(path)
    if answer.is_error:
        raise CouldNotRun(f"the service answered {answer.status_code} to {path}: {answer.text[:200]}")
    return _since(began) * 1e3


def _since(began: float) -> float:
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main("quality", run))
