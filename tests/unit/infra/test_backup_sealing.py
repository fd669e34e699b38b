"""The encryption of backups: opened by whom it was locked for, as any other age can, and by nobody else."""

import io
import os
from pathlib import Path

import pyrage
import pytest

from infra.backup import bech32
from infra.backup.errors import ArchiveRefused, KeyRefused
from infra.backup.keys import (
    Identity,
    Lock,
    Opener,
    Passphrase,
    Recipient,
    Stanza,
    read_identities,
    read_passphrase,
    read_recipients,
)
from infra.backup.sealing import Sealed, Unsealed

CHUNK = 64 * 1024
KEY = Identity.generate()
WORDS = Passphrase("correct horse battery staple", work=4)


def seal(data: bytes, *locks: Lock) -> bytes:
    out = io.BytesIO()
    sealed = Sealed(out, locks or (KEY.recipient,))
    for at in range(0, len(data), 1_000):
        sealed.write(data[at : at + 1_000])
    sealed.finish()
    return out.getvalue()


def unseal(sealed: bytes, *openers: Opener) -> bytes:
    stream = Unsealed(io.BytesIO(sealed), openers or (KEY,))
    parts = []
    while part := stream.read(10_000):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_sealed_comes_back_and_another_age_reads_it_too(size: int) -> None:
    data = os.urandom(size)
    sealed = seal(data)
    assert unseal(sealed) == data
    assert pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(KEY.secret_text())]) == data


@pytest.mark.parametrize("size", [0, CHUNK, CHUNK + 1])
def test_what_another_age_sealed_is_read(size: int) -> None:
    data = os.urandom(size)
    others = pyrage.x25519.Identity.generate()
    recipients = [pyrage.x25519.Recipient.from_str(str(KEY.recipient)), others.to_public()]
    assert unseal(pyrage.encrypt(data, recipients)) == data


def test_a_passphrase_is_understood_both_ways() -> None:
    assert pyrage.passphrase.decrypt(seal(b"words", WORDS), WORDS.words) == b"words"
    assert unseal(seal(b"words", WORDS), WORDS) == b"words"
    with pytest.raises(ArchiveRefused, match="locked with a passphrase"):
        unseal(seal(b"words", WORDS), Passphrase("correct horse battery stapler"))
    with pytest.raises(ArchiveRefused, match="locked with a passphrase"):
        unseal(seal(b"words", WORDS), KEY)


def test_each_of_several_keys_opens_and_no_other() -> None:
    second, stranger = Identity.generate(), Identity.generate()
    sealed = seal(b"secret", KEY.recipient, second.recipient)
    assert unseal(sealed, stranger, second) == b"secret"
    assert b"secret" not in sealed
    with pytest.raises(ArchiveRefused, match="another key"):
        unseal(sealed, stranger)


def test_an_archive_cannot_choose_how_much_memory_a_passphrase_takes() -> None:
    stanza = WORDS.wrap(bytes(16))
    costly = Stanza((*stanza.arguments[:2], "30"), stanza.body)
    assert WORDS.unwrap(stanza) == bytes(16)
    assert WORDS.unwrap(costly) is None


def test_no_byte_can_be_changed() -> None:
    sealed = bytearray(seal(b"x" * (CHUNK + 100)))
    body = len(sealed) - 2 * 16 - CHUNK - 100
    places = [*range(body), body + CHUNK // 2, body + CHUNK + 1, len(sealed) - 1]
    for place in places:
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(ArchiveRefused):
            unseal(bytes(changed))


def test_nothing_can_be_cut_off_moved_or_added() -> None:
    data = os.urandom(3 * CHUNK)
    sealed = seal(data)
    whole = CHUNK + 16
    head, chunks = sealed[: -3 * whole], [sealed[-n * whole :][:whole] for n in (3, 2, 1)]
    assert head + b"".join(chunks) == sealed
    forged = [
        sealed[: len(sealed) // 2],
        head,
        head[:-3],
        head + chunks[0],
        head + chunks[0] + chunks[1],
        head + chunks[1] + chunks[0] + chunks[2],
        sealed + chunks[2],
        sealed + b"x",
    ]
    for one in forged:
        with pytest.raises(ArchiveRefused):
            unseal(one)


@pytest.mark.parametrize(
    "content",
    [b"", b"no backup", b"age-encryption.org/v1\n", b"age-encryption.org/v1\n-> X25519 " + b"a" * 100_000, b"\x1f\x8b"],
)
def test_what_is_no_backup_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(ArchiveRefused, match="does not begin as an encrypted backup"):
        unseal(content)


def test_keys_are_written_as_age_writes_them() -> None:
    theirs = pyrage.x25519.Identity.from_str(KEY.secret_text())
    assert str(theirs) == KEY.secret_text()
    assert str(theirs.to_public()) == str(KEY.recipient)
    assert Recipient.parse(str(KEY.recipient)) == KEY.recipient
    assert KEY.secret_text() not in repr(KEY)
    assert WORDS.words not in repr(WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "age1",
        str(KEY.recipient)[:-1],
        str(KEY.recipient)[:-1] + ("q" if str(KEY.recipient)[-1] != "q" else "p"),
        KEY.secret_text(),
        str(KEY.recipient)[:20] + str(KEY.recipient)[20:].upper(),
        bech32.encode("age", b"short"),
    ],
    ids=["nothing", "its beginning", "one less", "a letter off", "a secret one", "two cases", "too short"],
)
def test_a_mistyped_key_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused, match="this is not a recipient"):
        Recipient.parse(text)


def test_files_of_keys_are_read_and_what_is_wrong_with_them_is_said(tmp_path: Path) -> None:
    public, private = tmp_path / "public.txt", tmp_path / "private.txt"
    public.write_text(f"# two people\n\n{KEY.recipient}\n{Identity.generate().recipient}\n")
    private.write_text(f"# public key: {KEY.recipient}\n{KEY.secret_text()}\n")
    private.chmod(0o600)
    assert read_recipients([str(public)])[0] == KEY.recipient
    assert read_recipients([str(KEY.recipient)]) == (KEY.recipient,)
    assert read_identities(private) == (KEY,)
    private.chmod(0o640)
    with pytest.raises(KeyRefused, match=r"open to other users \(mode 640\)"):
        read_identities(private)
    public.write_text(f"{KEY.recipient}\nage1nonsense\n")
    with pytest.raises(KeyRefused, match="line 2"):
        read_recipients([str(public)])
    public.write_text("# nobody\n")
    with pytest.raises(KeyRefused, match="holds no recipient"):
        read_recipients([str(public)])
    with pytest.raises(KeyRefused, match="cannot be read"):
        read_identities(tmp_path / "absent")


def test_a_passphrase_that_is_soon_guessed_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_text("password\n")
    file.chmod(0o600)
    with pytest.raises(KeyRefused, match="12 characters"):
        read_passphrase(file)
    file.write_text("correct horse battery\nand a remark\n")
    assert read_passphrase(file).words == "correct horse battery"
