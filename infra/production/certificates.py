"""Certificates of the parts that are not ours: whether each is there, fits, and is read by whom it must be alone."""

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

_SOON: Final = timedelta(days=14)


@dataclass(frozen=True)
class Holder:
    """A container with a certificate: the account that reads it, and its files."""

    owner: tuple[int, int]
    """User and group, as the container's `user:` in docker-compose.yml says."""
    certificate: str
    key: str
    name: str = ""
    """What the certificate must be for; empty: whoever shows it is not called by a name."""
    authority: str = ""
    """File of the authority whose certificates it takes from the other side."""

    @property
    def files(self) -> tuple[str, ...]:
        """All that it reads."""
        return tuple(file for file in (self.certificate, self.key, self.authority) if file)


HOLDERS: Final[Mapping[str, Holder]] = {
    "vault": Holder((100, 1000), "vault.pem", "vault.key", "vault"),
    "minio": Holder((10002, 10002), "public.crt", "private.key", "minio"),
    "model": Holder((10003, 10003), "server.pem", "server.key", "vllm", "ca.pem"),
    "feedback": Holder((10001, 10001), "client.pem", "client.key", "", "ca.pem"),
}
"""Folder below that of certificates -> whose it is."""
FOR_A_MODEL: Final = ("model", "feedback")
FOR_LEARNERS: Final = "wildcard"
"""Folder of the reverse proxy's certificate for learners' host names, where they have some."""
PLACES: Final[Mapping[str, Holder]] = {
    **HOLDERS,
    FOR_LEARNERS: Holder((10004, 10004), "wildcard.pem", "wildcard.key"),
}
"""All folders with a certificate, also those that not everybody has."""
AUTHORITIES: Final = "authorities"
"""Folder of what all may know: who signed for Vault and MinIO."""
PUBLIC: Final = ("vault-ca.pem", "minio-ca.pem")


def make_certificate_folders(folder: Path) -> list[Path]:
    """Make the folders that the files belong into; returns those made. OSError."""
    wanted = [folder, *(folder / name for name in (*PLACES, AUTHORITIES))]
    made = [one for one in wanted if not one.is_dir()]
    for one in made:
        one.mkdir(parents=True)
        # Keys guard themselves: each belongs to one account. What is public must be found by another.
        one.chmod(0o755)
    return made


def give_away(folder: Path) -> None:
    """Give each file to the account that reads it, keys to it alone. For root. OSError."""
    for place, holder in PLACES.items():
        for file in (folder / place / name for name in holder.files):
            if file.is_file():
                os.chown(file, *holder.owner)
                file.chmod(0o400 if file.name == holder.key else 0o444)
    for file in (folder / AUTHORITIES / name for name in PUBLIC):
        if file.is_file():
            file.chmod(0o444)


def problems(folder: Path, now: datetime | None = None, *, model: bool = False, wildcard: str = "") -> Iterator[str]:
    """What would keep a container from starting, or let others read a key; each says what to do.

    `wildcard`: the domain of learners' hosts, whose certificate must then be there.
    """
    moment = now or datetime.now(UTC)
    needed = {*PLACES} - {FOR_LEARNERS, *FOR_A_MODEL} | {*(FOR_A_MODEL if model else ())}
    needed |= {FOR_LEARNERS} if wildcard else set()
    for place, holder in PLACES.items():
        files = [folder / place / name for name in holder.files]
        if place not in needed and not any(file.exists() for file in files):
            continue
        missing = [file for file in files if not file.is_file()]
        yield from (f"{file} is missing" for file in missing)
        if not missing:
            yield from _owned(folder / place, holder)
            named = replace(holder, name=wildcard) if place == FOR_LEARNERS else holder
            yield from _fitting(folder / place, named, moment)
    for file in (folder / AUTHORITIES / name for name in PUBLIC):
        if not file.is_file():
            yield f"{file} is missing: the certificate, without its key, of the authority that signed"
        elif not file.stat().st_mode & stat.S_IROTH:
            yield f"{file} must be open to all: chmod 444 {file}"


def _owned(place: Path, holder: Holder) -> Iterator[str]:
    user, group = holder.owner
    for file in (place / name for name in holder.files):
        state = file.stat()
        if file.name == holder.key and (state.st_uid != user or state.st_mode & 0o077):
            yield f"{file} must belong to account {user} alone: chown {user}:{group} {file} && chmod 400 {file}"
        elif file.name != holder.key and not state.st_mode & stat.S_IROTH and state.st_uid != user:
            yield f"account {user} cannot read {file}: chown {user}:{group} {file}"


def _fitting(place: Path, holder: Holder, now: datetime) -> Iterator[str]:
    certificate, key = place / holder.certificate, place / holder.key
    try:
        leaf = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        own = load_pem_private_key(key.read_bytes(), None).public_key()
    except PermissionError as error:
        yield f"{error.filename} cannot be read by you: run this as root"
        return
    except (ValueError, TypeError) as error:
        yield f"{certificate} or {key} is no PEM file of a certificate and a key without a passphrase: {error}"
        return
    plain = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if own.public_bytes(*plain) != leaf.public_key().public_bytes(*plain):
        yield f"{key} is not the key of {certificate}"
    if holder.name and holder.name not in _names(leaf):
        yield f"{certificate} must be for the name {holder.name} (subjectAltName)"
    if leaf.not_valid_after_utc < now + _SOON:
        yield f"{certificate} is good until {leaf.not_valid_after_utc:%Y-%m-%d} only"


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)
