"""The real services in their own processes, over mTLS, without the Hub: the client stands where a Lab stands."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import httpx

from benchmarks.case_at_hand import CASE, CaseAtHand
from benchmarks.harness import CouldNotRun
from infra.settings import PROJECT, EmbeddedSettings
from services.contracts.feedback import Feedback
from services.contracts.lab import LabCheck, LabFeedback
from vault import tls
from vault.identity import Identity, host_name
from vault.wiring import open_vault

USER = "bench"
_READY_SECONDS = 120


class _HubUsers(BaseHTTPRequestHandler):
    """What the gateway asks of the Hub: whose token it is. The answer is remembered for 30 s, so it costs nothing."""

    def do_GET(self) -> None:
        body = json.dumps({"kind": "user", "name": USER, "groups": ["learners"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class LiveServices:
    """A client of the running gateway, with an environment's certificate."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def check(self, case: CaseAtHand, subtask: str, mark: str) -> tuple[float, Feedback]:
        """Milliseconds from the click to the feedback, and the feedback."""
        body = LabCheck(subtask=subtask, cells=case.cells(mark)).model_dump_json()
        headers = {"Content-Type": "application/json"}
        start = time.perf_counter()
        with self._http.stream("POST", "/api/check", content=body, headers=headers) as response:
            response.raise_for_status()
            event = ""
            for line in response.iter_lines():
                if line.startswith("event:"):
                    event = line.removeprefix("event:").strip()
                elif line.startswith("data:") and event in {"feedback", "error"}:
                    taken = (time.perf_counter() - start) * 1e3
                    if event == "error":
                        raise CouldNotRun(f"the gateway answered: {line}")
                    return taken, LabFeedback.model_validate_json(line.removeprefix("data:")).feedback
        raise CouldNotRun("the check ended without feedback")


@contextlib.contextmanager
def live_services(case: CaseAtHand, log: Path | None = None) -> Iterator[LiveServices]:
    """Publish the case into a fresh home, start runner and services, stop them at the end.

    `log`: file for their log lines, as JSON.
    """
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        settings = EmbeddedSettings(home=Path(folder) / "home", run_dir=Path())
        settings.prepare()
        variables = settings.variables() | {
            "CASELOOP_GATEWAY_CHECKS_PER_SECOND": "10000",
            "CASELOOP_GATEWAY_CHECK_BURST": "10000",
            "CASELOOP_GATEWAY_REQUESTS_PER_SECOND": "10000",
            "CASELOOP_LOGS__FORMAT": "json",
        }
        publish = [sys.executable, "-m", "infra.cli", "case", "publish", str(PROJECT / "cases" / CASE)]
        done = subprocess.run(publish, env=variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CouldNotRun(f"the case could not be published:\n{done.stdout}{done.stderr}")
        with ThreadingUnixStreamServer(str(settings.hub_listens), _HubUsers) as hub:
            threading.Thread(target=hub.serve_forever, daemon=True).start()
            file = log or Path(os.devnull)
            with (
                _process("infra.runner_process", variables, file),
                _process("infra.services_process", variables, file),
            ):
                yield _connect(settings, case)
            hub.shutdown()


@contextlib.contextmanager
def _process(module: str, variables: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("a") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", module], env=variables, stdout=subprocess.DEVNULL, stderr=said
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _connect(settings: EmbeddedSettings, case: CaseAtHand) -> LiveServices:
    vault = open_vault(settings.mode, settings.home)
    leaf = settings.home / "environment.pem"
    vault.authority.issue(Identity.env(USER, CASE, case.draft.version, secrets.token_urlsafe(8)), leaf)
    context = tls.client_context(leaf, vault.authority.bundle)
    http = httpx.Client(
        transport=httpx.HTTPTransport(verify=context, uds=str(settings.socket("gateway"))),
        base_url=f"https://{host_name('gateway')}",
        headers={"Authorization": f"token {secrets.token_hex(16)}"},
        timeout=120,
        trust_env=False,
    )
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(httpx.TransportError):
            if http.get("/api/case").status_code == httpx.codes.OK:
                return LiveServices(http)
        time.sleep(0.2)
    raise CouldNotRun("the services did not become ready")
