"""What the repository may not hold: addresses of package indexes, paths of one machine, unchecked downloads."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

# Taken apart, because this file is searched too.
INDEX_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("npmmirror", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("anaconda", "org"),
        ("anaconda", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
    )
]
INDEX_OPTIONS = re.compile(r"^\s*(--(extra-)?index-url|--find-links|-i\s|registry\s*=|deb\s+https?://)", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:root|work|home/(?!learner\b|lena\b|ana\b)\w+|Users/(?!ana\b)\w+)/[\w.-]")
"""`/home/learner` is where a learner lives in the sandbox; Lena and Ana live in examples."""
PIN = re.compile(
    r"^([a-z0-9][\w.-]*(?:\[[\w,-]+\])?)==\S+(?: ; [^\n\\]+)?((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE
)


def test_no_file_names_a_package_index(texts: Mapping[Path, str]) -> None:
    found = [(str(path), host) for path, text in texts.items() for host in INDEX_HOSTS if host in text]
    assert found == []
    options = [str(path) for path, text in texts.items() if path.suffix != ".py" and INDEX_OPTIONS.search(text)]
    assert options == []


def test_no_file_names_a_path_of_one_machine(texts: Mapping[Path, str]) -> None:
    found = [(str(path), hit.group()) for path, text in texts.items() for hit in MACHINE_PATH.finditer(text)]
    assert found == []


def test_every_python_pin_has_hashes(texts: Mapping[Path, str]) -> None:
    locks = {path: text for path, text in texts.items() if path.match("requirements/*.txt")}
    assert {path.stem for path in locks} == {path.stem for path in texts if path.match("requirements/*.in")}
    # those of images are of extras: test_architecture_images.py
    locks |= {path: text for path, text in texts.items() if path.match("requirements/images/*.txt")}
    for path, text in locks.items():
        pinned = {match.group(1) for match in PIN.finditer(text)}
        named = {line.split("==")[0].split(" ")[0] for line in text.splitlines() if re.match(r"[a-zA-Z0-9]", line)}
        assert pinned, path
        assert named - pinned == set(), path
        assert "://" not in text, path


def test_every_node_package_is_pinned_by_its_integrity_and_names_no_address(texts: Mapping[Path, str]) -> None:
    locked = json.loads(texts[Path("web/package-lock.json")])["packages"]
    loaded = {name: entry for name, entry in locked.items() if "node_modules/" in name and not entry.get("link")}
    assert loaded
    unpinned = [
        n for n, e in loaded.items() if not e.get("integrity", "").startswith("sha512-") and not e.get("inBundle")
    ]
    assert unpinned == []
    assert [name for name, entry in loaded.items() if "://" in str(entry.get("resolved", ""))] == []
