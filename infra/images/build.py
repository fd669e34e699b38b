"""Builds Caseloop's container images from this checkout. Standard library only; `make setup` must have run.

Usage: python3 infra/images/build.py [--base IMAGE] [--replace NAME=IMAGE] [--tag TAG] [--no-cache] [learner|hub|…]

Each image gets a context of its own with nothing in it but what the image needs, so that no secret, no case and no
cache of the checkout can slip in. Times in the context are fixed, and so are those of what is installed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGES = Path(__file__).resolve().parent
WEB = ROOT / "web"
PACKAGES = ("services", "vault", "case_uploader", "linting", "feedback", "evaluation", "spawner", "infra")
REPOSITORY = "caseloop"
PASSED_ON = ("PIP_INDEX_URL", "PIP_CERT")
"""Variables of this shell that tell pip inside the build where packages are."""
_COMMAND = """#!/opt/caseloop/env/bin/python
import sys

if sys.argv[1:3] == ["production", "alive"] and len(sys.argv) == 4:
    # the engine asks this of every container all the time, and the other commands take seconds to load
    from infra.production.health import main
else:
    from infra.cli import main

main()
"""
_ARGUMENT = re.compile(r"^ARG (\w+)=(\S+)$", re.MULTILINE)
_EPOCH = 1_700_000_000
_JUNK = shutil.ignore_patterns("__pycache__", "*.pyc", ".env")


class CannotBuild(Exception):
    """Something is missing; the message says what to do."""


def learner(context: Path) -> None:
    """JupyterLab, the data packages, and our extension as set-up built it."""
    shutil.copyfile(ROOT / "requirements" / "learner.txt", context / "requirements.txt")
    _copy_wheels(context)
    shutil.copytree(ROOT / "infra" / "lab", context / "lab")


def _copy_wheels(context: Path) -> None:
    wheels = sorted((ROOT / ".cache" / "setup" / "wheels").glob("*.whl"))
    if not wheels:
        raise CannotBuild("Our JupyterLab extension is not built: run `make setup`.")
    (context / "wheels").mkdir()
    for wheel in wheels:
        shutil.copy(wheel, context / "wheels")


def kit(context: Path) -> None:
    """The lock of what all images of ours have, and the command that starts each."""
    _lock("kit", context)
    (context / "caseloop").write_text(_COMMAND)


def _lock(extra: str, context: Path) -> None:
    """What pyproject.toml says of that extra, pinned, and what installs it."""
    shutil.copyfile(ROOT / "requirements" / "images" / f"{extra}.txt", context / "requirements.txt")
    shutil.copyfile(IMAGES / "install.sh", context / "install.sh")


def doors(context: Path) -> None:
    """Our packages under their name and version, and the desk's built pages."""
    _name(context / "project")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, context / "project" / package, ignore=_JUNK)
    pages = WEB / "dashboard" / "dist"
    if not (pages / "index.html").exists():
        raise CannotBuild("The desk's pages are not built: run `make setup`.")
    shutil.copytree(pages, context / "project" / "web" / "dashboard" / "dist")


def _name(project: Path) -> None:
    """What Python reads of an installed package; a backup notes down of which version it is."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    folder = project / f"{told['name']}-{told['version']}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {told['version']}\n")


def hub(context: Path) -> None:
    """Its lock, the proxy's packages as the lock of web/ pins them, and where their Node is."""
    _lock("hub", context)
    (context / "node.json").write_text(json.dumps({"node": "/usr/local/bin/node"}))
    for package in proxy_packages(json.loads((WEB / "package-lock.json").read_text())["packages"]):
        source = WEB / package
        if not source.is_dir():
            raise CannotBuild(f"{source} is missing: run `make setup`.")
        shutil.copytree(
            source, context / package, ignore=shutil.ignore_patterns("node_modules"), symlinks=True, dirs_exist_ok=True
        )


def proxy_packages(locked: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Paths of the proxy and all it needs, as the lock file names them: nearest `node_modules` first, like Node."""
    found: list[str] = []
    waiting = ["node_modules/configurable-http-proxy"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.append(path)
        needs = locked[path].get("dependencies", {})
        waiting += [_resolved(name, path, locked) for name in (needs if isinstance(needs, dict) else {})]
    return sorted(found)


def _resolved(name: str, path: str, locked: Mapping[str, object]) -> str:
    while True:
        candidate = f"{path}/node_modules/{name}" if path else f"node_modules/{name}"
        if candidate in locked:
            return candidate
        if not path:
            raise CannotBuild(f"web/package-lock.json does not hold {name}.")
        path = path.rpartition("node_modules/")[0].rstrip("/")


def nothing(context: Path) -> None:
    """Nothing besides the images it is made from."""
    (context / ".keep").touch()


def cases(context: Path) -> None:
    """Its lock, that of the installers that it has, and our extension, which no package index has."""
    _lock("cases", context)
    shutil.copyfile(ROOT / "requirements" / "uv.txt", context / "installers.txt")
    _copy_wheels(context)


SERVICES = ("gateway", "dashboard", "progress", "mentoring", "linting", "feedback", "evaluation", "operator")
"""Images that differ in what they have installed, and in nothing else."""
GATHER: Mapping[str, Callable[[Path], None]] = {
    "learner": learner,
    "kit": kit,
    "doors": doors,
    **{name: partial(_lock, name) for name in SERVICES},
    "hub": hub,
    "runner": partial(_lock, "runner"),
    "cases": cases,
    "keycloak": nothing,
    "reverse-proxy": nothing,
}
"""Image -> what fills its context; in the order in which they build on each other."""


def recipe(name: str) -> Path:
    """The Dockerfile of an image."""
    return IMAGES / f"{'service' if name in SERVICES else name}.Dockerfile"


def public_images(name: str) -> Mapping[str, str]:
    """Argument of an image's Dockerfile -> the public image that it stands for."""
    text = recipe(name).read_text()
    return {argument: image for argument, image in _ARGUMENT.findall(text) if argument != "TAG"}


def replacements(base: str, replaced: Sequence[str]) -> Mapping[str, str]:
    """Argument -> the image that is taken in place of the public one. CannotBuild."""
    told = {"BASE": base} if base else {}
    known = {argument for name in GATHER for argument in public_images(name)}
    for one in replaced:
        argument, _, image = one.partition("=")
        if argument not in known or not image:
            raise CannotBuild(f"--replace {one}: say NAME=IMAGE, where NAME is one of {', '.join(sorted(known))}")
        told[argument] = image
    return told


def build(name: str, replaced: Mapping[str, str], tag: str, *options: str) -> None:
    """Build one image as `caseloop/NAME:TAG`. CannotBuild."""
    with tempfile.TemporaryDirectory(prefix="caseloop-image-") as folder:
        context = Path(folder)
        GATHER[name](context)
        shutil.copyfile(recipe(name), context / "Dockerfile")
        _fix_times(context)
        arguments = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
        arguments |= {"TAG": tag} | {key: image for key, image in replaced.items() if key in public_images(name)}
        words = [word for key, value in arguments.items() for word in ("--build-arg", f"{key}={value}")]
        done = subprocess.run(
            ["docker", "build", "--quiet", "--tag", f"{REPOSITORY}/{name}:{tag}", *options, *words, str(context)],
            env=os.environ | _builder(),
            check=False,
        )
    if done.returncode:
        raise CannotBuild(f"`docker build` of {name} ended with {done.returncode}; its last lines are above.")


def _builder() -> dict[str, str]:
    """The classic builder where the newer one is not installed; the Dockerfiles are for both."""
    newer = subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False)
    return {} if newer.returncode == 0 else {"DOCKER_BUILDKIT": "0"}


def _fix_times(context: Path) -> None:
    for path in context.rglob("*"):
        os.utime(path, (_EPOCH, _EPOCH), follow_symlinks=False)


def main() -> int:
    """Build what is asked for; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="", help="in place of the public image with Python; may end in @sha256:…")
    parser.add_argument(
        "--replace",
        action="append",
        default=[],
        metavar="NAME=IMAGE",
        help="in place of another public image: NODE, CADDY, KEYCLOAK; may be repeated",
    )
    parser.add_argument("--tag", default="latest")
    parser.add_argument("--no-cache", action="store_true", help="make every layer anew")
    parser.add_argument("names", nargs="*", metavar="IMAGE", help=", ".join(GATHER))
    wanted = parser.parse_args()
    names = wanted.names or list(GATHER)
    if unknown := set(names) - set(GATHER):
        parser.error(f"there is no image {', '.join(sorted(unknown))}")
    try:
        replaced = replacements(wanted.base, wanted.replace)
        for name in (name for name in GATHER if name in names):
            sys.stdout.write(f"{REPOSITORY}/{name}:{wanted.tag} …\n")
            sys.stdout.flush()
            build(name, replaced, wanted.tag, *(["--no-cache"] if wanted.no_cache else []))
    except CannotBuild as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except FileNotFoundError as error:
        if error.filename != "docker":
            raise
        sys.stderr.write("The docker command is not installed.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
