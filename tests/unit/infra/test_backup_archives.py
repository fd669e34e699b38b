"""Archives that somebody made who has the public key: no name, kind or size in one is trusted."""

import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from infra.backup.archive import ArchiveReader, ArchiveWriter
from infra.backup.checking import Checked, check
from infra.backup.digest_set import DigestSet
from infra.backup.errors import ArchiveRefused
from infra.backup.keys import Identity
from infra.backup.manifest import End, Head, KeptTable, KeycloakTables
from infra.backup.sealing import Sealed, Unsealed
from infra.backup.showing import Shown

KEY = Identity.generate()
HEAD = Head(mode="embedded", made=datetime(2026, 11, 26, tzinfo=UTC))
END = End(schemas={})
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
OTHER = "f" * 64
Fill = Callable[[ArchiveWriter], None]


def archive(file: Path, fill: Fill, head: Head = HEAD, end: End = END) -> Path:
    with file.open("wb") as out, ArchiveWriter(Sealed(out, [KEY.recipient]), head) as writer:
        fill(writer)
        writer.finish(end)
    return file


def forged(file: Path, *members: tuple[tarfile.TarInfo, bytes], head: str | None = None) -> Path:
    """An archive as no writer of ours makes one."""
    with file.open("wb") as out:
        sealed = Sealed(out, [KEY.recipient])
        with tarfile.open(mode="w|gz", fileobj=sealed, format=tarfile.GNU_FORMAT) as tar:  # type: ignore[call-overload]
            first = (head or HEAD.model_dump_json()).encode()
            for info, content in ((named("caseloop.json", len(first)), first), *members):
                tar.addfile(info, io.BytesIO(content))
        sealed.finish()
    return file


def named(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, linkname: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, linkname
    return info


def checked(file: Path) -> Checked:
    return check(file, [KEY], Shown(Console(quiet=True)))


def refused(file: Path) -> str:
    with pytest.raises(ArchiveRefused) as caught:
        checked(file)
    assert str(caught.value).startswith(str(file))
    return str(caught.value)


def test_members_come_back_as_they_were(tmp_path: Path) -> None:
    long, raw = "a/" * 100 + "b" * 200, b"caf\xe9.txt".decode(errors="surrogateescape")

    def fill(writer: ArchiveWriter) -> None:
        writer.folder("files/homes", mode=0o40755, modified=5.5)
        writer.data(f"files/homes/{long}", b"deep")
        writer.file(f"files/homes/{raw}", io.BytesIO(b"12345"), 3, mode=0o104755, modified=1.25)
        writer.link("files/homes/link", "../../somewhere")

    file = archive(tmp_path / "a", fill)
    with file.open("rb") as sealed, ArchiveReader(Unsealed(sealed, [KEY])) as reader:
        found = {
            one.name: (one.kind.value, one.mode, one.modified, one.target, b"".join(one.chunks()))
            for one in reader.members()
        }
        assert reader.head == HEAD
        assert reader.end is not None
        assert reader.end.members == len(found) + 1
    assert found == {
        "files/homes": ("folder", 0o755, 5.5, "", b""),
        f"files/homes/{long}": ("file", 0o600, 0.0, "", b"deep"),
        f"files/homes/{raw}": ("file", 0o755, 1.25, "", b"123"),
        "files/homes/link": ("link", 0o777, 0.0, "../../somewhere", b""),
    }


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../up",
        "files/../../up",
        "files/./here",
        "files//here",
        "files/a\0b",
        "files/" + "x" * 256,
        "files/" + "d/" * 130 + "e",
        "objects/progress/../../x",
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with (
        ArchiveWriter(Sealed(io.BytesIO(), [KEY.recipient]), HEAD) as writer,
        pytest.raises(ArchiveRefused, match="not a name of a file of ours"),
    ):
        writer.data(name, b"")
    if "\0" not in name:  # tar itself ends a name there
        assert "not a name of a file of ours" in refused(forged(tmp_path / "a", (named(name), b"")))


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, b"S", b"V"])
def test_only_files_folders_and_links_are_taken(tmp_path: Path, kind: bytes) -> None:
    assert "neither a file nor" in refused(
        forged(tmp_path / "a", (named("files/homes/a", kind=kind, linkname="files/b"), b""))
    )


def test_a_name_of_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    huge = named("././@LongLink", 1 << 20, tarfile.GNUTYPE_LONGNAME)
    assert "longer than any file's" in refused(forged(tmp_path / "a", (huge, b"x" * (1 << 20))))


@pytest.mark.parametrize(
    "name",
    [
        "elsewhere",
        "files",
        "objects/progress/short",
        f"objects/mentoring/{NOTHING}",
        f"objects/progress/{NOTHING}/more",
        "sqlite/vault/x.sqlite",
        "sqlite/progress.txt",
        "files/progress.sqlite",
        "files/cases/cases.sqlite-wal",
        "files/run/gateway.sock",
        "files/objects/progress/ab/cd",
        "secrets/scope-signing-key",
        "tables/progress/notebook/000000",
    ],
)
def test_what_no_home_holds_is_refused(tmp_path: Path, name: str) -> None:
    assert "is nothing that a backup of ours holds" in refused(
        archive(tmp_path / "a", lambda writer: writer.data(name, b""))
    )


@pytest.mark.parametrize("name", ["files/vault", "files/homes", "files/accounts.json", "files/cases/uploads"])
def test_a_link_is_taken_among_learners_files_only(tmp_path: Path, name: str) -> None:
    assert "is a link, where none of ours is" in refused(
        archive(tmp_path / "a", lambda writer: writer.link(name, "/tmp"))
    )


def test_an_object_must_be_what_its_name_says(tmp_path: Path) -> None:
    checked(archive(tmp_path / "good", lambda writer: writer.data(f"objects/progress/{NOTHING}", b"")))
    assert "is damaged" in refused(
        archive(tmp_path / "bad", lambda writer: writer.data(f"objects/progress/{NOTHING}", b"x"))
    )


def test_a_missing_object_is_noticed_unless_it_was_missing_before(tmp_path: Path) -> None:
    def fill(writer: ArchiveWriter) -> None:
        writer.data(f"objects/progress/{NOTHING}", b"")
        writer.document("named/progress/000000", f"{NOTHING}\n{OTHER}\n")

    assert f"1 objects are missing in it, such as {OTHER}" in refused(archive(tmp_path / "a", fill))
    known = archive(tmp_path / "b", fill, end=End(schemas={}, lacking={"progress": (OTHER,)}))
    assert checked(known).end.lacking == {"progress": (OTHER,)}


def test_keycloaks_tables_have_the_rows_that_the_last_member_says(tmp_path: Path) -> None:
    head = Head(mode="production", made=HEAD.made)
    tables = {"realm": KeptTable(columns=("id",), rows=3), "nothing": KeptTable(columns=("id",), rows=0)}
    end = End(schemas={}, keycloak=KeycloakTables(change="a", order=1, changes=("a",), tables=tables))

    def filled(name: str, *parts: tuple[str, bytes], end: End = end) -> Path:
        def fill(writer: ArchiveWriter) -> None:
            for place, rows in parts:
                writer.data(f"keycloak/{place}", rows)

        return archive(tmp_path / name, fill, head=head, end=end)

    whole = filled("a", ("realm/000000", b"a\\nb\nc\n"), ("realm/000001", b"d\n"))
    assert checked(whole).end == end.model_copy(update={"members": 3, "digest": checked(whole).end.digest})
    assert "'realm' has 1 rows in it, and should have 3" in refused(filled("b", ("realm/000000", b"a\n")))
    more = ("realm/000000", b"a\nb\nc\n"), ("nothing/000000", b"a\n")
    assert "'nothing' has 1 rows in it, and should have 0" in refused(filled("c", *more))
    assert "'realm' has 3 rows in it, and should have 0" in refused(filled("d", more[0], end=END))
    for place in ("realm", "realm/columns.json", "realm/deeper/000000"):
        assert "is nothing that a backup of ours holds" in refused(filled(place.replace("/", "-"), (place, b"")))
    with pytest.raises(ArchiveRefused, match="is nothing that a backup of ours holds"):
        checked(archive(tmp_path / "e", lambda writer: writer.data("keycloak/realm/000000", b""), end=end))


def test_nothing_is_in_it_twice(tmp_path: Path) -> None:
    def fill(writer: ArchiveWriter) -> None:
        writer.data("files/accounts.json", b"{}")
        writer.data("files/accounts.json", b"[]")

    assert "is in it twice" in refused(archive(tmp_path / "a", fill))


def test_an_archive_without_its_last_member_or_with_another_is_refused(tmp_path: Path) -> None:
    assert "not written to its end" in refused(forged(tmp_path / "a", (named("files/homes/a", 1), b"x")))
    end = END.model_copy(update={"members": 2, "digest": "0" * 64}).model_dump_json().encode()
    members = (named("files/homes/a", 1), b"x"), (named("end.json", len(end)), end)
    assert "not what its last member says" in refused(forged(tmp_path / "b", *members))


def test_a_newer_caseloops_archive_is_refused_with_words(tmp_path: Path) -> None:
    newer = forged(tmp_path / "a", head='{"format": 4, "something": "new"}')
    assert "of format 4, and this Caseloop knows 3: a newer one made it; update" in refused(newer)
    tables = archive(tmp_path / "b", lambda _: None, end=End(schemas={"progress": "9999_later"}))
    assert "'9999_later', which this Caseloop does not know" in refused(tables)
    unknown = archive(tmp_path / "c", lambda _: None, end=End(schemas={"nobody": "0001"}))
    assert "does not know" in refused(unknown)
    older = archive(tmp_path / "d", lambda _: None, end=End(schemas={"progress": "0001"}))
    assert checked(older).end.schemas == {"progress": "0001"}


@pytest.mark.parametrize("content", [b"", b"no tar", b"\x1f\x8b\x08 no gzip"])
def test_what_is_locked_and_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a"
    with file.open("wb") as out:
        sealed = Sealed(out, [KEY.recipient])
        sealed.write(content)
        sealed.finish()
    assert "holds no archive of ours" in refused(file)


def test_a_set_of_digests_knows_what_it_was_given_of_whom() -> None:
    with DigestSet() as found:
        assert found.add("cases", OTHER)
        assert not found.add("cases", OTHER)
        assert found.add("progress", NOTHING)
        assert found.has("cases", OTHER)
        assert not found.has("progress", OTHER)
        assert (found.count("cases"), found.count("mentoring")) == (1, 0)
