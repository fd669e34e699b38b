"""The real vLLM, with a tiny model made on the spot, behind mutual TLS and a key: as in the how-to, without a GPU."""

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import httpx
from pydantic import SecretStr

from feedback.model.settings import ModelSettings
from tests.vllm.environment import FOLDER, PYTHON, ROOT, is_made
from vault import tls
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity, host_name

NAME = "tiny"
LOG = FOLDER / "server.log"
"""What the servers of the last run said."""
MAX_LENGTH = 8192
_SCRIPT = ROOT / "tests" / "vllm" / "tiny_model.py"
_READY_SECONDS = 240
_STOP_SECONDS = 30
_LIFETIME = timedelta(hours=4)
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CACHE_ROOT": str(FOLDER / "cache"),
}


class CannotServe(Exception):
    """The server cannot be started here; the message says why."""


def tiny_model() -> Path:
    """The folder of the model, made when it is missing or its script has changed."""
    if not is_made():
        raise CannotServe("vLLM is not installed; run `make test-vllm`")
    folder, made = FOLDER / "model", FOLDER / "model-made"
    digest = hashlib.sha256(_SCRIPT.read_bytes() + (FOLDER / "made").read_bytes()).hexdigest()
    if not made.exists() or made.read_text() != digest:
        shutil.rmtree(folder, ignore_errors=True)
        command = [str(PYTHON), str(_SCRIPT), str(folder)]
        done = subprocess.run(command, env=os.environ | _OFFLINE, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotServe(f"the tiny model could not be made:\n{done.stderr[-2000:]}")
        made.write_text(digest)
    return folder


class RealServer:
    """A running vLLM; `start` it, and `stop` it at the end. Its files are below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = LocalAuthority(folder / "authority")
        self._server = self._authority.issue(Identity.service("model"), folder / "server.pem", lifetime=_LIFETIME).path
        self._client = self._authority.issue(
            Identity.service("feedback"), folder / "client.pem", lifetime=_LIFETIME
        ).path
        self._key = secrets.token_urlsafe(24)
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        context = tls.client_context(self._client, self._authority.bundle)
        self._http = httpx.Client(verify=context, trust_env=False, timeout=5)
        self.start_seconds = 0.0

    def _leaf(self, service: str) -> Path:
        file = self._folder / f"{service}.pem"
        return self._authority.issue(Identity.service(service), file, lifetime=_LIFETIME).path

    def settings(self, **more: object) -> ModelSettings:
        """Settings by which a client reaches it."""
        given: dict[str, object] = {
            "kind": "vllm",
            "name": NAME,
            "url": f"https://127.0.0.1:{self._port}/v1",
            "server_name": host_name("model"),
            "ca": self._authority.bundle,
            "certificate": self._client,
            "api_key": SecretStr(self._key),
        }
        return ModelSettings.model_validate(given | more)

    def start(self) -> None:
        """Start it and wait until it is healthy. Raises `CannotServe` with the end of its log."""
        began = time.monotonic()
        log = LOG
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command(tiny_model()),
                env=os.environ | _OFFLINE | {"VLLM_API_KEY": self._key, "VLLM_MAX_N_SEQUENCES": "1"},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while time.monotonic() - began < _READY_SECONDS:
            if self._process.poll() is not None:
                break
            if self._healthy():
                self.start_seconds = time.monotonic() - began
                return
            time.sleep(0.25)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        self.stop()
        raise CannotServe(f"vLLM did not become healthy within {_READY_SECONDS} s:\n{tail}")

    def kill(self) -> None:
        """End it and all its processes at once, as a crash of the machine would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Ask it to end, and end what is left of it. It cannot be started again."""
        self._http.close()
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
            self.kill()

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels, from the server's own page."""
        values = [
            float(line.rpartition(" ")[2])
            for line in self._get("/metrics").text.splitlines()
            if line.startswith((f"{name} ", f"{name}{{"))
        ]
        if not values:
            raise KeyError(name)
        return sum(values)

    def _healthy(self) -> bool:
        try:
            return self._get("/health").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def _get(self, path: str) -> httpx.Response:
        extensions = {"sni_hostname": host_name("model")}
        return self._http.get(f"https://127.0.0.1:{self._port}{path}", extensions=extensions)

    def _command(self, model: Path) -> list[str]:
        structured = '{"backend":"guidance","disable_any_whitespace":true}'
        reasoning = '{"reasoning_start_str":"<think>","reasoning_end_str":"</think>"}'
        options = {
            "host": "127.0.0.1",
            "port": str(self._port),
            "served-model-name": NAME,
            "dtype": "bfloat16",
            "max-model-len": str(MAX_LENGTH),
            "max-num-seqs": "64",
            "max-num-queued-reqs": "128",
            "gpu-memory-utilization": "0.05",
            "kv-cache-memory-bytes": "256M",
            "structured-outputs-config": structured,
            "reasoning-parser": "qwen3",
            "reasoning-config": reasoning,
            "default-chat-template-kwargs": '{"enable_thinking":false}',
            "logprobs-mode": "processed_logprobs",
            "shutdown-timeout": "10",
            "ssl-certfile": str(self._server),
            "ssl-keyfile": str(self._server),
            "ssl-ca-certs": str(self._authority.bundle),
            "ssl-cert-reqs": "2",
        }
        flags = ("enforce-eager", "enable-prompt-tokens-details", "enable-request-id-headers", "disable-fastapi-docs")
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [str(PYTHON.parent / "vllm"), "serve", str(model), *words, *(f"--{flag}" for flag in flags)]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
