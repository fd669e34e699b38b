"""Unpacking is safe: each hostile archive is refused with a pointed problem, and nothing is written."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from case_uploader.format.case_folder import read_case_folder
from case_uploader.scaffold import scaffold
from case_uploader.uploads.archive import ArchiveLimits, Unpacked, unpack
from case_uploader.uploads.packing import CannotPack, pack

SMALL = ArchiveLimits(members=20, unpacked=4 * 1024**2, ratio=20, ratio_from=64 * 1024, directory=4_096)


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    # the constructor would tidy hostile names up
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    info.create_system = 3
    return info


@pytest.fixture
def case_folder(tmp_path: Path) -> Path:
    return scaffold(tmp_path / "authors", "coffee-sales")


@pytest.fixture
def opened(tmp_path):
    """Unpack these members; says what came of it and what lies on the disk."""

    def go(*members: tuple[zipfile.ZipInfo | str, bytes], limits: ArchiveLimits = SMALL) -> Unpacked:
        archive = tmp_path / "case.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
            for member, content in members:
                info = member if isinstance(member, zipfile.ZipInfo) else entry(member)
                info.compress_type = zipfile.ZIP_DEFLATED
                written.writestr(info, content)
        return unpacked(archive, limits)

    def unpacked(archive: Path, limits: ArchiveLimits = SMALL) -> Unpacked:
        into = tmp_path / "into"
        into.mkdir(exist_ok=True)
        return unpack(archive, into, "case.zip", limits)

    go.file = unpacked
    return go


def refused(result: Unpacked, rule: str, tmp_path: Path, file: str | None = None) -> str:
    assert result.folder is None
    found = [p for p in result.problems if p.rule == rule]
    assert found, result.problems
    assert list((tmp_path / "into").rglob("*")) == []
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("into", "case.zip")] == []
    if file is not None:
        assert found[0].file == file
    return found[0].message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../evil.txt", "leads out"),
        ("data/../../evil.txt", "leads out"),
        ("../into-evil/evil.txt", "leads out"),
        ("/etc/evil", "absolute"),
        ("//host/evil", "absolute"),
        ("C:/evil.txt", "drive letter"),
        ("c:evil.txt", "drive letter"),
        ("data\\evil.txt", "backslash"),
        ("..\\evil.txt", "backslash"),
        ("data/evil.csv\0.txt", "NUL"),
        ("data//evil.txt", "empty part"),
        ("./evil.txt", "empty part"),
        ("data/\u202egnp.exe", "U+202E"),
        ("data/a\u200bb.csv", "U+200B"),
        ("data/a\nb.csv", "U+000A"),
        ("data/\ue000.csv", "U+E000"),
        ("\uff0e\uff0e/evil.txt", "leads out"),
        ("\u2025/evil.txt", "leads out"),
        ("data/a\uff0fb.txt", "leads out"),
        ("data/evil.txt ", "space"),
        ("data/evil.", "dot"),
        ("data/" + "x" * 201, "longer than 200"),
        ("/".join("abcdefghijklm"), "folders deep"),
    ],
)
def test_hostile_names_are_refused(opened, tmp_path, name, words):
    assert words in refused(opened(("case.yaml", b""), (name, b"x")), "archive-name", tmp_path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (stat.S_IFLNK, "a link"),
        (stat.S_IFCHR, "a device"),
        (stat.S_IFBLK, "a device"),
        (stat.S_IFIFO, "a pipe"),
        (stat.S_IFSOCK, "a socket"),
    ],
)
def test_links_and_special_files_are_refused(opened, tmp_path, kind, words):
    result = opened((entry("data/evil", kind | 0o777), b"/etc/passwd"))
    assert words in refused(result, "archive-not-a-file", tmp_path, "data/evil")


def test_a_link_to_a_folder_and_a_file_below_it_write_nothing_outside(opened, tmp_path):
    result = opened((entry("data", stat.S_IFLNK | 0o777), b"/tmp"), ("data/evil.txt", b"x"))
    refused(result, "archive-not-a-file", tmp_path, "data")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("data/a.csv", "data/a.csv"),
        ("data/a.csv", "data/A.CSV"),
        ("data/stra\u00dfe.csv", "data/STRASSE.csv"),
        ("data/caf\u00e9.csv", "data/cafe\u0301.csv"),
        ("data/\ufb01t.csv", "data/fit.csv"),
        ("data/a", "data/a/b.csv"),
        ("Data/a", "data/A/b.csv"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_collide_are_refused(opened, tmp_path, one, other):
    refused(opened((one, b"1"), (other, b"2")), "archive-twice", tmp_path)


def test_bombs_are_refused_before_a_byte_is_written(opened, tmp_path):
    zeros = bytes(1024**2)
    message = refused(opened(("data/zeros.csv", zeros)), "archive-ratio", tmp_path, "data/zeros.csv")
    assert "more than 20 times" in message
    noise = ArchiveLimits(unpacked=100_000, ratio=10_000)
    assert "unpacked" in refused(opened(("data/big.csv", zeros), limits=noise), "archive-too-big", tmp_path, "case.zip")
    many = [(f"data/{number}.csv", bytes(40_000)) for number in range(10)]
    refused(opened(*many), "archive-ratio", tmp_path, "case.zip")


def test_the_number_of_members_and_their_list_are_limited_before_they_are_read(opened, tmp_path):
    many = [(f"data/{number}.csv", b"") for number in range(21)]
    assert "21 members" in refused(opened(*many), "archive-list", tmp_path, "case.zip")
    long = [(f"data/{'x' * 150}/{'y' * 150}/{number}.csv", b"") for number in range(19)]
    assert "list of members" in refused(opened(*long), "archive-list", tmp_path)


def test_a_count_that_is_a_lie_does_not_get_more_members_in(opened, tmp_path):
    archive = tmp_path / "case.zip"
    with zipfile.ZipFile(archive, "w") as written:
        for number in range(30):
            written.writestr(f"d/{number}", b"")
    content = bytearray(archive.read_bytes())
    at = content.rfind(b"PK\x05\x06")
    struct.pack_into("<HH", content, at + 8, 1, 1)
    archive.write_bytes(content)
    assert "30 members" in refused(opened.file(archive), "archive-too-many", tmp_path, "case.zip")


def test_sizes_that_are_lies_are_found_out_while_unpacking(opened, tmp_path):
    archive = tmp_path / "case.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr("data/a.csv", b"1,2\n" * 5_000)
    content = archive.read_bytes()
    smaller = content.replace(struct.pack("<I", 20_000), struct.pack("<I", 10))
    assert smaller != content
    archive.write_bytes(smaller)
    result = opened.file(archive)
    assert result.folder is None
    assert [p.rule for p in result.problems] == ["archive-broken"]
    assert sum(path.stat().st_size for path in (tmp_path / "into").rglob("*") if path.is_file()) <= 10


def test_members_that_share_their_bytes_are_refused(opened, tmp_path):
    """As in the best known bombs: one kernel of data, many entries that point at it."""
    archive = tmp_path / "case.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("data/0.bin", bytes(range(256)) * 200)
        start = written.infolist()[0]
        for number in range(1, 5):
            copy = zipfile.ZipInfo(f"data/{number}.bin")
            copy.header_offset, copy.CRC = start.header_offset, start.CRC
            copy.file_size = copy.compress_size = start.file_size
            written.filelist.append(copy)
            written.NameToInfo[copy.filename] = copy
    refused(opened.file(archive), "archive-overlap", tmp_path, "case.zip")


def test_encrypted_and_strangely_packed_members_are_refused(opened, tmp_path):
    archive = tmp_path / "case.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as written:
        written.writestr("data/a.csv", b"x")
    refused(opened.file(archive), "archive-method", tmp_path, "data/a.csv")
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("data/a.csv", b"x")
    content = bytearray(archive.read_bytes())
    content[content.find(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    refused(opened.file(archive), "archive-encrypted", tmp_path, "data/a.csv")


def test_an_archive_within_is_data_or_is_refused_and_is_never_opened(opened, tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as written:
        written.writestr("../evil", b"x")
    refused(opened(("case.yaml", b""), ("more.zip", inner.getvalue())), "archive-nested", tmp_path, "more.zip")
    result = opened(("case.yaml", b""), ("data/pictures.zip", inner.getvalue()))
    assert result.folder is not None
    assert (result.folder / "data" / "pictures.zip").read_bytes() == inner.getvalue()
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all", b"PK\x05\x06" + bytes(18) + b"rest"])
def test_what_is_no_archive_is_said_to_be_none(opened, tmp_path, content):
    archive = tmp_path / "case.zip"
    archive.write_bytes(content)
    result = opened.file(archive)
    if result.folder is None:
        refused(result, "archive-broken", tmp_path, "case.zip")
    else:
        assert list(result.folder.iterdir()) == []


def test_damaged_content_is_found_by_its_checksum(opened, tmp_path):
    archive = tmp_path / "case.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("data/a.csv", b"a,b\n1,2\n")
    archive.write_bytes(archive.read_bytes().replace(b"1,2", b"1,3"))
    result = opened.file(archive)
    assert [(p.rule, p.file) for p in result.problems] == [("archive-broken", "data/a.csv")]


def test_cut_off_archives_are_refused_wherever_they_end(opened, tmp_path, case_folder):
    pack(case_folder, tmp_path / "case.zip")
    whole = (tmp_path / "case.zip").read_bytes()
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "case.zip").write_bytes(whole[:length])
        result = unpack(tmp_path / "case.zip", tmp_path, "case.zip")
        assert result.folder is None, length


def test_what_systems_leave_behind_is_left_out(opened):
    result = opened(
        ("case.yaml", b"id: x"),
        ("__MACOSX/._case.yaml", b""),
        (".git/config", b"secret"),
        ("data/.DS_Store", b""),
        ("variants/__pycache__/x.pyc", b""),
        ("data/a.csv", b"1"),
    )
    assert result.problems == ()
    assert sorted(p.relative_to(result.folder).as_posix() for p in result.folder.rglob("*") if p.is_file()) == [
        "case.yaml",
        "data/a.csv",
    ]


def test_files_are_private_and_nothing_is_executable(opened):
    result = opened((entry("data/run.sh", stat.S_IFREG | stat.S_ISUID | 0o4777), b"#!"), ("case.yaml", b""))
    assert stat.S_IMODE((result.folder / "data" / "run.sh").stat().st_mode) == 0o600


def test_a_folder_packed_as_a_whole_is_the_same_case(tmp_path, case_folder):
    from_folder = read_case_folder(case_folder)
    versions = {from_folder.draft.version}
    pack(case_folder, tmp_path / "inside.zip")
    with zipfile.ZipFile(tmp_path / "around.zip", "w", zipfile.ZIP_DEFLATED) as written:
        for path in case_folder.rglob("*"):
            written.write(path, f"my case/{path.relative_to(case_folder)}")
    for name in ("inside", "around"):
        (tmp_path / name).mkdir()
        result = unpack(tmp_path / f"{name}.zip", tmp_path / name, name)
        assert result.problems == ()
        versions.add(read_case_folder(result.folder).draft.version)
    assert len(versions) == 1


def test_composed_and_decomposed_names_become_the_same_file(opened):
    result = opened(("case.yaml", b""), ("data/cafe\u0301.csv", b"1"))
    assert [path.name for path in (result.folder / "data").iterdir()] == ["caf\u00e9.csv"]


def test_packing_is_repeatable_and_takes_links_along_as_links(tmp_path, case_folder):
    (case_folder / "data" / "shadow.csv").symlink_to("/etc/shadow")
    (case_folder / ".secret").write_text("x")
    pack(case_folder, tmp_path / "one.zip")
    pack(case_folder, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    (tmp_path / "into").mkdir()
    result = unpack(tmp_path / "one.zip", tmp_path / "into", "one.zip")
    assert [(p.rule, p.file) for p in result.problems] == [("archive-not-a-file", "data/shadow.csv")]
    with zipfile.ZipFile(tmp_path / "one.zip") as opened:
        assert ".secret" not in opened.namelist()


def test_a_name_that_is_no_text_cannot_be_packed(tmp_path, case_folder):
    (case_folder / "data" / "b\udcffd.csv").write_text("x")
    with pytest.raises(CannotPack, match="could not be packed"):
        pack(case_folder, tmp_path / "one.zip")


def test_a_stream_of_garbage_never_gets_past_with_anything_but_a_problem(tmp_path):
    """Flip every byte of a small archive in turn: it is refused, or gives files below the folder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr(entry("data/a.csv"), b"1,2\n" * 8)
    content = made.getvalue()
    for at in range(len(content)):
        broken = bytearray(content)
        broken[at] ^= 0xFF
        (tmp_path / "case.zip").write_bytes(broken)
        into = tmp_path / f"into-{at}"
        into.mkdir()
        result = unpack(tmp_path / "case.zip", into, "case.zip")
        assert (result.folder is None) == bool(result.problems)
    assert {path.name.split("-")[0] for path in tmp_path.iterdir()} == {"case.zip", "into"}
