"""Images from this machine's own packages, because a test machine can often pull none.

The base image holds the installed Debian packages that Python needs; the others are built on it by the same
Dockerfiles as ever. Usage: python3 tests/docker/machine_image.py. Nothing is done while the inputs are the same.
"""

import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BASE = "caseloop-test/base:1"
LEARNER = "caseloop/learner:test"
_WANTED = (
    *(
        "base-files",
        "base-passwd",
        "bash",
        "coreutils",
        "dash",
        "grep",
        "sed",
        "findutils",
        "tar",
        "gzip",
        "util-linux",
    ),
    *("procps", "libc-bin", "ca-certificates", "python3", "python3-venv", "python3-pip-whl", "python3-setuptools-whl"),
    *("passwd", "hostname", "debianutils", "libstdc++6", "media-types"),
)
_LEFT_OUT = re.compile(r"^(perl|perl-base|libperl.*|systemd.*|debconf.*|adduser|dpkg|libpam-.*|mime-support)$")
_DOCUMENTS = re.compile(r"^/usr/share/(doc|man|locale|info|lintian|bug|perl)")
_LINKS = ("/bin", "/sbin", "/lib", "/lib64", "/lib32")
_MORE = ("/etc/nsswitch.conf", "/etc/ssl/certs/ca-certificates.crt", "/etc/ld.so.cache")
_FOLDERS = ("/tmp", "/proc", "/sys", "/dev", "/run", "/home", "/root", "/srv", "/opt")
_WRITTEN = {
    "/etc/passwd": b"root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n",
    "/etc/group": b"root:x:0:\nnogroup:x:65534:\n",
}


class NoImages(Exception):
    """The images cannot be made here; the message says why."""


def engine_answers() -> bool:
    """Whether there is a Docker engine that this account may use."""
    try:
        return subprocess.run(["docker", "version"], capture_output=True, check=False, timeout=30).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False


def make_base(image: str = BASE, *more: str) -> None:
    """Import the base image from this machine's packages, with `more` of them than Python needs."""
    files = _files(more)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "base.tar"
        _pack(archive, files)
        _run("docker", "import", str(archive), image)


def _files(more: tuple[str, ...]) -> set[str]:
    wanted = (*_WANTED, *more)
    listed = _said(
        *("apt-cache", "depends", "--recurse", "--installed", "--no-recommends", "--no-suggests", "--no-conflicts"),
        *("--no-breaks", "--no-replaces", "--no-enhances", *wanted),
    )
    names = {line.strip() for line in listed.splitlines() if re.match(r"^[a-z0-9]", line)} | set(wanted)
    kept = sorted(name for name in names if not _LEFT_OUT.match(name))
    query = ("dpkg-query", "-W", "-f=${binary:Package} ${Package} ${db:Status-Status}\n", *kept)
    # its status is 1 when it has never heard of one of them: an alternative that is not installed
    known = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    found = [line.split() for line in known.splitlines() if line.endswith(" installed")]
    if missing := set(wanted) - {name for _, name, _ in found}:
        raise NoImages(
            f"The base image needs packages that this machine lacks: apt install {' '.join(sorted(missing))}"
        )
    installed = [name for name, _, _ in found]
    files: set[str] = set()
    for path in _said("dpkg-query", "-L", *installed).splitlines():
        folder, name = os.path.split(path)
        if path.startswith("/") and name and not _DOCUMENTS.match(path):
            # packages name /bin/bash where the file is /usr/bin/bash
            files.add(str(Path(os.path.realpath(folder), name)))
    targets = {os.path.realpath(file) for file in files if Path(file).is_symlink()}
    files |= {target for target in targets if target.startswith("/usr/lib/") and Path(target).is_file()}
    return files | set(_MORE) | {link for link in _LINKS if Path(link).is_symlink()}


def _pack(archive: Path, files: set[str]) -> None:
    folders = {str(folder) for file in files for folder in Path(file).parents if str(folder) != "/"}
    with tarfile.open(archive, "w") as tar:
        for folder in sorted(folders | set(_FOLDERS)):
            if not Path(folder).is_symlink():
                entry = tarfile.TarInfo(folder[1:])
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "/tmp" else 0o755
                tar.addfile(entry)
        for file in sorted(files - folders - set(_WRITTEN)):
            if Path(file).is_symlink() or Path(file).is_file():
                _add(tar, file)
        for file, content in _WRITTEN.items():
            entry = tarfile.TarInfo(file[1:])
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def _add(tar: tarfile.TarFile, file: str) -> None:
    entry = tar.gettarinfo(file, file[1:])
    entry.uname = entry.gname = "root"
    if entry.islnk():
        entry.type, entry.size = tarfile.REGTYPE, Path(file).stat().st_size
    if entry.isreg():
        with Path(file).open("rb") as content:
            tar.addfile(entry, content)
    else:
        tar.addfile(entry)


def make_learner() -> None:
    """Build the learners' image as production does, on our base; skipped while what it is made from is the same."""
    stamp = ROOT / ".cache" / "docker-learner"
    wanted = _fingerprint()
    if stamp.exists() and stamp.read_text() == wanted and has(LEARNER):
        return
    if not has(BASE):
        make_base()
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    _run(
        *(sys.executable, str(ROOT / "infra" / "images" / "build.py"), "--base", BASE, "--tag", LEARNER.split(":")[1]),
        "learner",
        variables={"PIP_CERT": bundle},
    )
    stamp.write_text(wanted)


def _fingerprint() -> str:
    files = [ROOT / "infra" / "images" / name for name in ("learner.Dockerfile", "build.py")]
    files += [ROOT / "requirements" / "learner.txt", *sorted((ROOT / ".cache" / "setup" / "wheels").glob("*.whl"))]
    digest = hashlib.sha256()
    for file in [*files, *sorted((ROOT / "infra" / "lab").iterdir())]:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def has(image: str) -> bool:
    """Whether the engine has that image."""
    return subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode == 0


def _said(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def _run(*words: str, variables: dict[str, str] | None = None) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | (variables or {}))
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise NoImages(f"`{' '.join(words[:3])} …` ended with {done.returncode}:\n\n{tail}")


def main() -> int:
    """Make what is missing and say so; the exit status."""
    if not engine_answers():
        print(
            "There is no Docker engine here that this account may use: install one (`apt install docker.io`), start "
            "dockerd, and try `docker version`.",
            file=sys.stderr,
        )
        return 1
    try:
        make_learner()
    except (NoImages, subprocess.CalledProcessError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
