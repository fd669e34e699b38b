"""`caseloop backup …` and `caseloop restore`."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console

from infra.backup.checking import check, words_of
from infra.backup.errors import ArchiveRefused, BackupError, KeyRefused
from infra.backup.keys import (
    Identity,
    Lock,
    Opener,
    Passphrase,
    new_passphrase,
    read_identities,
    read_passphrase,
    read_recipients,
)
from infra.backup.manifest import End, Head
from infra.backup.showing import Shown
from infra.backup.taking import Taken, digest_of, take
from infra.backup.targets import prune
from infra.backup.wiring import restore, words_of_neighbours
from infra.settings import EmbeddedSettings
from services.kit.database import DatabaseMisconfigured
from services.kit.migrations import MigrationFailed
from services.kit.objects import ObjectStoreFailed
from vault.errors import VaultError

_T = TypeVar("_T")
_REFUSALS: Final = (BackupError, DatabaseMisconfigured, MigrationFailed, ObjectStoreFailed, VaultError)
_SHOWN: Final = 20
"""Lines of remarks."""

Identities = Annotated[
    Path | None, typer.Option("--identity", metavar="FILE", help="Private key, as `keygen` or age-keygen writes it.")
]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", metavar="FILE", help="Passphrase in the first line of a file.")
]
AskedPassphrase = Annotated[bool, typer.Option("--passphrase", help="Ask for a passphrase.")]
Digest = Annotated[
    str | None,
    typer.Option("--sha256", metavar="DIGEST", help="What the file must hash to, as noted before."),
]
Archive = Annotated[Path, typer.Argument(metavar="FILE")]


def build_backup_app(settings: Callable[[], EmbeddedSettings]) -> typer.Typer:
    """The subcommands of `caseloop backup`."""
    app = typer.Typer(help="Databases, objects, files and secrets in one encrypted file.", no_args_is_help=True)

    @app.command("create")
    def create(
        target: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="A new file, or a folder to put one into.")],
        recipient: Annotated[
            list[str] | None,
            typer.Option("--recipient", metavar="KEY|FILE", help="Public key (age1…) to lock it with, or a file."),
        ] = None,
        passphrase_file: PassphraseFile = None,
        passphrase: AskedPassphrase = False,
        keep: Annotated[
            int | None, typer.Option("--keep", min=1, help="Delete all but the newest N in the folder afterwards.")
        ] = None,
    ) -> None:
        """Back up what Caseloop keeps, also while it is running."""
        if keep is not None and not target.is_dir():
            raise typer.BadParameter("--keep is for backups in a folder")
        with _refusals():
            locks = _locks(recipient or [], passphrase_file, passphrase)
            taken = asyncio.run(take(settings(), target, locks, datetime.now(UTC), _shown()))
            _say_taken(taken)
            for old in prune(target, keep) if keep is not None else ():
                typer.echo(f"deleted: {old}")
        if taken.made.end.lacking:
            raise typer.Exit(1)

    @app.command("verify")
    def verify(
        file: Archive,
        identity: Identities = None,
        passphrase_file: PassphraseFile = None,
        passphrase: AskedPassphrase = False,
        sha256: Digest = None,
    ) -> None:
        """Read a backup to its end and say whether it could be restored. Nothing is written."""
        with _refusals():
            _require_digest(file, sha256)
            checked = check(file, _openers(identity, passphrase_file, passphrase), _shown())
        typer.echo(f"✓ {file}: {_described(checked.head)}; {checked.bytes / 1e6:,.1f} MB when restored")
        _say_neighbours(checked.head, checked.end)
        _say_remarks(words_of(checked.end.lacking))

    @app.command("keygen")
    def keygen(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key is written; must not exist.")],
    ) -> None:
        """Make a pair of keys: with the public one backups are locked, with the private one they are opened."""
        made = Identity.generate()
        now = datetime.now(UTC)
        lines = f"# made: {now:%Y-%m-%dT%H:%M:%SZ}\n# public key: {made.recipient}\n{made.secret_text()}\n"
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            typer.echo(f"{file} cannot be made: {error.strerror}", err=True)
            raise typer.Exit(1) from error
        with os.fdopen(descriptor, "w") as out:
            out.write(lines)
        typer.echo(str(made.recipient))
        typer.echo(f"{file} opens what is locked with this key. Keep it off this machine, in two places.", err=True)

    return app


def build_restore_command(settings: Callable[[], EmbeddedSettings]) -> Callable[..., None]:
    """The command `caseloop restore`."""

    def restore_command(
        file: Archive,
        identity: Identities = None,
        passphrase_file: PassphraseFile = None,
        passphrase: AskedPassphrase = False,
        sha256: Digest = None,
        replace: Annotated[
            bool, typer.Option("--replace", help="Also into a system in use; what it keeps in files is moved aside.")
        ] = False,
    ) -> None:
        """Put a backup into a stopped, empty system. Until all of it was read and found whole nothing is changed."""
        into = settings()
        with _refusals():
            _require_digest(file, sha256)
            openers = _openers(identity, passphrase_file, passphrase)
            done = asyncio.run(restore(into, file, openers, datetime.now(UTC), _shown(), replace=replace))
        if done.aside is not None:
            typer.echo(f"What was there before is in {done.aside}; delete it when it is needed no more.")
        typer.echo(f"Restored into {into.home}: {_described(done.checked.head)}. Start Caseloop now.")
        _say_neighbours(done.checked.head, done.checked.end)
        _say_remarks(done.remarks)

    return restore_command


def _locks(recipients: Sequence[str], file: Path | None, ask: bool) -> tuple[Lock, ...]:
    found = read_recipients(recipients)
    phrase = _passphrase(file, ask, confirm=True)
    if bool(found) == (phrase is not None):
        raise KeyRefused("say what to lock it with: either --recipient, or --passphrase or --passphrase-file")
    return found if phrase is None else (phrase,)


def _openers(identity: Path | None, file: Path | None, ask: bool) -> tuple[Opener, ...]:
    phrase = _passphrase(file, ask, confirm=False)
    if (identity is None) == (phrase is None):
        raise KeyRefused("say what opens it: either --identity, or --passphrase or --passphrase-file")
    return read_identities(identity) if identity is not None else (phrase,) if phrase is not None else ()


def _passphrase(file: Path | None, ask: bool, *, confirm: bool) -> Passphrase | None:
    if file is not None and ask:
        raise KeyRefused("--passphrase and --passphrase-file at once: say one of them")
    if file is not None:
        return read_passphrase(file)
    if not ask:
        return None
    # Never an argument: every process of the machine could read it.
    return new_passphrase(typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True))


def _require_digest(file: Path, wanted: str | None) -> None:
    if wanted is None:
        return
    try:
        found = digest_of(file)
    except OSError as error:
        raise ArchiveRefused(f"{file} cannot be read: {error.strerror}") from error
    if found != wanted.strip().lower():
        raise ArchiveRefused(f"{file} is not the file that was noted: its SHA-256 is {found}")


def _say_taken(taken: Taken) -> None:
    made = taken.made
    objects = sum(made.end.objects.values())
    typer.echo(f"made: {taken.file} ({taken.size / 1e6:,.1f} MB; {objects:,} objects, {made.files.files:,} files)")
    typer.echo(f"SHA-256: {taken.digest}")
    _say_neighbours(made.head, made.end)
    for name in made.files.left_out[:_SHOWN]:
        typer.echo(f"left out: {_printable(name)}", err=True)
    if (more := len(made.files.left_out) - _SHOWN) > 0:
        typer.echo(f"left out: {more} more", err=True)
    for line in words_of(made.end.lacking):
        typer.echo(line, err=True)


def _say_neighbours(head: Head, end: End) -> None:
    for line in words_of_neighbours(head, end):
        typer.echo(line)


def _say_remarks(remarks: Sequence[str]) -> None:
    """Exit status 1 where there is something that a person should look at."""
    for line in remarks:
        typer.echo(f"✗ {_printable(line)}", err=True)
    if remarks:
        raise typer.Exit(1)


def _described(head: Head) -> str:
    return f"a backup of {head.mode} mode, made {head.made:%Y-%m-%d %H:%M:%S %Z} by Caseloop {head.caseloop}"


def _printable(text: str) -> str:
    """On one line, whatever a learner named a file."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def _shown() -> Shown:
    return Shown(Console(stderr=True))


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except _REFUSALS as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
