"""Look through a zip archive and unpack it. The format is zipfile's business; what an archive may hold is ours."""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from case_uploader.format.data_files import DATA_FOLDER
from case_uploader.format.problem import CaseProblem, Problems
from case_uploader.uploads.names import collision_key, file_name, is_left_out, name_fault

_PART: Final = 1024 * 1024
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
"""Flag bits: encrypted, strongly encrypted, central directory masked."""
_NESTED: Final = (".zip", ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".7z", ".rar", ".whl")
_KINDS: Final = {
    stat.S_IFLNK: "a link",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}
_BROKEN: Final = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(EOFError, NotImplementedError, RuntimeError, ValueError),
)
"""What zipfile raises for archives that are none, are cut off, or hold what it cannot read."""


@dataclass(frozen=True)
class ArchiveLimits:
    """How much an archive may hold."""

    members: int = 2_000
    unpacked: int = 1_280 * 1024**2
    """Bytes of all files together."""
    ratio: int = 200
    """Unpacked to packed bytes of a file or of all; deflate reaches 1,032 with nothing but zeros."""
    ratio_from: int = 16 * 1024**2
    """Unpacked bytes up to which nobody asks for the ratio."""
    directory: int = 1024**2
    """Bytes of the list of members, which is read into memory at once."""


@dataclass(frozen=True)
class Unpacked:
    """What unpacking gave: the case's folder, or the problems for which nothing was unpacked."""

    folder: Path | None
    problems: tuple[CaseProblem, ...]


class _TooMuch(Exception):
    """A member gives more bytes than the archive says it holds."""


def unpack(archive: Path, into: Path, name: str, limits: ArchiveLimits | None = None) -> Unpacked:
    """Unpack into the empty folder `into`; problems name the member, or the archive by `name`.

    All problems that can be told from the list of members are told at once, before anything is written.
    """
    limits, problems = limits or ArchiveLimits(), Problems()
    with archive.open("rb") as file:
        fault = _directory_fault(file, limits)
        if fault:
            problems.add("archive-list", fault, file=name)
            return Unpacked(None, problems.all)
        try:
            with zipfile.ZipFile(file) as opened:
                members = _members(opened, archive.stat().st_size, name, limits, problems)
                if not problems.errors:
                    _extract_all(opened, members, into, problems)
        except _BROKEN as error:
            message = f"this is no zip archive, or it is damaged ({error}); pack the case folder again"
            problems.add("archive-broken", message, file=name)
    return Unpacked(None if problems.errors else _case_folder(into), problems.all)


def _directory_fault(file: BinaryIO, limits: ArchiveLimits) -> str | None:
    """Why the list of members must not even be read: zipfile makes an object of every entry."""
    file.seek(0, os.SEEK_END)
    end = file.tell()
    file.seek(max(0, end - 65_557))  # the end record and the longest comment behind it
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        return None  # zipfile says what is wrong with it
    count, size = struct.unpack_from("<HI", tail, at + 10)
    wide = tail.rfind(b"PK\x06\x06", 0, at)
    if (count == 0xFFFF or size == 0xFFFFFFFF) and wide >= 0 and at - wide >= 48:
        count, size = struct.unpack_from("<QQ", tail, wide + 32)
    if count > limits.members:
        return f"the archive has {count:,} members; a case may have {limits.members:,}"
    if size > limits.directory:
        return f"the archive's list of members is larger than {limits.directory:,} bytes"
    return None


def _members(
    opened: zipfile.ZipFile, packed: int, archive: str, limits: ArchiveLimits, problems: Problems
) -> list[zipfile.ZipInfo]:
    """The members that make the case, checked."""
    everything = opened.infolist()
    if len(everything) > limits.members:
        message = f"the archive has {len(everything):,} members; a case may have {limits.members:,}"
        problems.add("archive-too-many", message, file=archive)
        return []
    for member in everything:
        fault = _member_fault(member, limits)
        if fault:
            rule, message = fault
            problems.add(rule, message, file=_shown(member))
    _check_sizes(everything, packed, archive, limits, problems)
    _check_collisions(everything, problems)
    return [member for member in everything if not is_left_out(member.filename)]


def _shown(member: zipfile.ZipInfo) -> str:
    """The member's name for people: characters that cannot be seen are spelt."""
    text = member.orig_filename[:200]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _member_fault(member: zipfile.ZipInfo, limits: ArchiveLimits) -> tuple[str, str] | None:
    # zipfile cuts a name off at NUL; the original one has it still
    fault = name_fault(member.orig_filename)
    if fault:
        return "archive-name", f"{fault}; rename it and pack the folder again"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = _KINDS.get(kind, "something special")
        return "archive-not-a-file", f"this is {what}; only files and folders are taken: put the content itself there"
    if member.flag_bits & _ENCRYPTED:
        return "archive-encrypted", "the member is encrypted; pack the folder without a password"
    if member.compress_type not in _METHODS:
        return "archive-method", "only stored and deflated members are taken; pack the folder with an ordinary zip"
    if member.file_size > limits.ratio_from and member.file_size > limits.ratio * max(1, member.compress_size):
        return "archive-ratio", f"the file becomes more than {limits.ratio} times as large; no honest data does that"
    nested = member.filename.lower().endswith(_NESTED) and DATA_FOLDER not in member.filename.split("/")[:-1]
    if nested and not is_left_out(member.filename):
        return "archive-nested", "an archive in the archive is not opened; pack its content, or move it into data/"
    return None


def _check_sizes(
    members: list[zipfile.ZipInfo], packed: int, archive: str, limits: ArchiveLimits, problems: Problems
) -> None:
    unpacked = sum(member.file_size for member in members)
    if unpacked > limits.unpacked:
        message = f"unpacked it would have {unpacked:,} bytes; a case may have {limits.unpacked:,}"
        problems.add("archive-too-big", message, file=archive)
    elif unpacked > limits.ratio_from and unpacked > limits.ratio * packed:
        message = f"unpacked it would be more than {limits.ratio} times as large; no honest case does that"
        problems.add("archive-ratio", message, file=archive)
    if any(not 0 <= member.header_offset < packed for member in members):
        message = "the list of members points past the archive; it is damaged: pack the case folder again"
        problems.add("archive-broken", message, file=archive)
    if sum(member.compress_size for member in members) > packed:
        message = "members share their bytes, which no packer does; pack the case folder again"
        problems.add("archive-overlap", message, file=archive)


def _check_collisions(members: Iterable[zipfile.ZipInfo], problems: Problems) -> None:
    seen: dict[str, str] = {}
    folders: set[str] = set()
    files: set[str] = set()
    for member in members:
        name, key = _shown(member), collision_key(member.filename)
        parts = key.split("/")
        folders |= {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if member.is_dir():
            folders.add(key)
            continue
        files.add(key)
        other = seen.setdefault(key, name)
        if other is not name:
            why = "is in the archive twice" if other == name else f"is the same name as {other!r} on some systems"
            problems.add("archive-twice", f"{why}; keep one of them", file=name)
    for key in sorted(files & folders):
        problems.add("archive-twice", "is a file and a folder at once; rename one of them", file=seen[key])


def _extract_all(opened: zipfile.ZipFile, members: list[zipfile.ZipInfo], into: Path, problems: Problems) -> None:
    for member in members:
        target = into / file_name(member.filename)
        if not target.resolve().is_relative_to(into.resolve()):
            # the checks of names make this impossible; if they ever fail, nothing is written outside
            problems.add("archive-name", "the path leads out of its folder", file=_shown(member))
            return
        if member.is_dir():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _extract(opened, member, target)
        except (*_BROKEN, _TooMuch) as error:
            problems.add(
                "archive-broken", f"the member is damaged ({error}); pack the folder again", file=_shown(member)
            )


def _extract(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with opened.open(member) as source, os.fdopen(os.open(target, flags, 0o600), "wb") as file:
        left = member.file_size
        while part := source.read(_PART):
            left -= len(part)
            if left < 0:
                raise _TooMuch("it holds more than it says")
            file.write(part)
        if left:
            raise _TooMuch("it holds less than it says")


def _case_folder(into: Path) -> Path:
    """The folder itself, or the only folder in it: people pack the folder as often as what is in it."""
    inside = list(into.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() and inside[0].name != DATA_FOLDER else into
