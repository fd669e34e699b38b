"""Names inside an archive: which are safe to make files of. Deny by default."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

MAX_PART_BYTES: Final = 200
"""Of one name between slashes; file systems take 255."""
MAX_DEPTH: Final = 12
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of characters that cannot be seen, turn text around or belong to nobody."""
_JUNK: Final = frozenset({"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"})


def name_fault(name: str) -> str | None:
    """Why no file may be made of this name, or None when one may. A trailing slash stands for a folder."""
    if "\0" in name:
        return "the name holds the character NUL"
    if "\\" in name:
        return "the name holds a backslash; paths are written with forward slashes"
    if name.startswith("/"):
        return "the path is absolute"
    if _DRIVE.match(name):
        return "the path begins with a drive letter"
    hidden = next((c for c in name if unicodedata.category(c) in _UNSEEN), None)
    if hidden is not None:
        return f"the name holds a character that cannot be seen (U+{ord(hidden):04X})"
    parts = name.removesuffix("/").split("/")
    if len(parts) > MAX_DEPTH:
        return f"the path is more than {MAX_DEPTH} folders deep"
    return next((fault for part in parts if (fault := _part_fault(part))), None)


def _part_fault(part: str) -> str | None:
    if part in ("", "."):
        return "the path holds an empty part"
    # what looks like dots or a slash may become them in a program that normalises names
    plain = unicodedata.normalize("NFKC", part)
    if part == ".." or plain in (".", "..") or "/" in plain or "\\" in plain:
        return "the path leads out of its folder"
    if part != part.strip() or part.endswith("."):
        return "a name begins or ends with a space, or ends with a dot"
    if len(unicodedata.normalize("NFC", part).encode()) > MAX_PART_BYTES:
        return f"a name is longer than {MAX_PART_BYTES} bytes"
    return None


def is_left_out(name: str) -> bool:
    """Whether it is what systems and tools leave behind (hidden files, caches): no part of a case."""
    return any(part in _JUNK or part.startswith(".") for part in PurePosixPath(name).parts)


def file_name(name: str) -> str:
    """How the file is called on the disk: composed characters, as they are typed."""
    return unicodedata.normalize("NFC", name.removesuffix("/"))


def collision_key(name: str) -> str:
    """Equal for names that some file system takes for one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.removesuffix("/")).casefold())
