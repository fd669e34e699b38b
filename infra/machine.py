"""Whether this machine can run Caseloop; looked at before anything is started."""

import errno
import ipaddress
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from feedback.model.errors import ModelMisconfigured
from feedback.model.settings import ModelSettings
from feedback.model.wiring import require_usable
from infra.settings import EmbeddedSettings
from services.kit.traces_wiring import require_usable_traces
from services.kit.tracing import TracesMisconfigured
from services.runner.bubblewrap import find_interpreter as find_interpreter_of_checks
from services.runner.errors import SandboxUnavailable
from spawner.interpreter import UnusablePython, find_interpreter
from spawner.sandbox import INSTALL, NAMESPACES

_SYSCTL = Path("/proc/sys")
_PRIVILEGED_PORTS = 1024


class CannotStart(Exception):
    """Something outside Caseloop is in the way; the message says what to do."""


def check_machine(settings: EmbeddedSettings) -> Sequence[str]:
    """Raise CannotStart for what is missing; return what the operator should know."""
    _check_set_up(settings)
    _check_sandbox()
    if settings.isolation == "docker":
        _check_engine(settings.learner_image)
    _check_port(settings.host, settings.port)
    _check_model()
    _check_traces(settings)
    warnings = [] if is_loopback(settings.host) else [_open_address(settings)]
    if os.geteuid() == 0:
        warnings.append(
            "Caseloop runs as root. Better give it an ordinary account: what learners run has the id of that account, "
            "inside a sandbox."
        )
    return warnings


def _check_set_up(settings: EmbeddedSettings) -> None:
    try:
        # Environments and checks show the same Python, in sandboxes of two kinds; neither can show everything.
        find_interpreter(settings.learner_env, (settings.project, settings.home))
        find_interpreter_of_checks(settings.learner_env)
    except (UnusablePython, SandboxUnavailable) as error:
        raise CannotStart(str(error)) from error
    if not settings.node_file.is_file():
        raise CannotStart("The Hub's proxy is not set up: run `make setup`.")
    if shutil.which("setpriv") is None:
        raise CannotStart("setpriv is not installed: install it with `apt install util-linux`.")


def _check_traces(settings: EmbeddedSettings) -> None:
    try:
        require_usable_traces(settings.traces)
    except TracesMisconfigured as error:
        raise CannotStart(f"Traces cannot be made: {error}.") from error


def _check_model() -> None:
    try:
        require_usable(ModelSettings())
    except ModelMisconfigured as error:
        raise CannotStart(f"The language model cannot be used: {error}.") from error


def _check_engine(image: str) -> None:
    try:
        import docker
        import docker.errors
    except ImportError as error:
        raise CannotStart(
            "CASELOOP_ISOLATION=docker needs more packages: "
            ".cache/setup/uv/bin/uv pip install -p .venv/bin/python -r requirements/production.txt"
        ) from error
    try:
        docker.from_env().images.get(image)
    except docker.errors.ImageNotFound as error:
        raise CannotStart(
            f"There is no image {image} here: `python3 infra/images/build.py learner` makes it."
        ) from error
    except docker.errors.DockerException as error:
        raise CannotStart(
            f"The Docker engine cannot be used ({error}): start it, and give this account access to its socket."
        ) from error


def _check_sandbox() -> None:
    program = shutil.which("bwrap")
    if program is None:
        raise CannotStart(INSTALL)
    tried = subprocess.run(
        [program, *NAMESPACES, "--ro-bind", "/", "/", "true"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        raise CannotStart(_refused(program, tried.stderr.strip()))


def _refused(program: str, said: str) -> str:
    if "nknown option" in said:
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.strip()
        return f"{version} is too old, 0.8 or newer is needed: `apt install bubblewrap` on a newer system."
    cures = [
        f"sudo sysctl {key.replace('/', '.')}={wanted}"
        for key, refusing, wanted in (
            ("kernel/unprivileged_userns_clone", "0", "1"),
            ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
            ("user/max_user_namespaces", "0", "15000"),
        )
        if _sysctl(key) == refusing
    ]
    cure = f"allow them with `{' && '.join(cures)}`" if cures else "in a container, start it with --privileged"
    return f"This machine refuses user namespaces to bubblewrap ({said}): {cure}."


def _sysctl(key: str) -> str:
    try:
        return (_SYSCTL / key).read_text().strip()
    except OSError:
        return ""


def _check_port(host: str, port: int) -> None:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise CannotStart(f"{host!r} is no address of this machine ({error.strerror}): set CASELOOP_HOST.") from error
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen()
        except OSError as error:
            raise CannotStart(_no_port(host, port, error)) from error


def _no_port(host: str, port: int, error: OSError) -> str:
    what = f"Port {port} of {host} cannot be used ({error.strerror})."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{what} This machine has no such address: set CASELOOP_HOST."
    if error.errno == errno.EACCES and port < _PRIVILEGED_PORTS:
        return f"{what} Ports below {_PRIVILEGED_PORTS} are root's: CASELOOP_PORT=8000 make run"
    return f"{what} Is Caseloop running already? Choose another one: CASELOOP_PORT={_next(port)} make run"


def _next(port: int) -> int:
    return port + 1 if port < 65_535 else 8_000


def is_loopback(host: str) -> bool:
    """Whether nobody outside this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _open_address(settings: EmbeddedSettings) -> str:
    return (
        f"Everybody who can reach {settings.host} can open the sign-in page, and passwords travel unencrypted: "
        "put a proxy with TLS in front, and let Caseloop listen on 127.0.0.1 behind it."
    )
