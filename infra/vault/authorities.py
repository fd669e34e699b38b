"""Certificates of the authorities that services must know before they can ask anybody: laid beside their sign-ins."""

from collections.abc import Mapping
from pathlib import Path

from infra.vault.policies import ROLES
from vault.errors import VaultError
from vault.files import write_private


def hand_out(folder: Path, authorities: Mapping[str, Path | None]) -> tuple[str, ...]:
    """Put each authority's PEM file, by the name it gets, into the folder of every sign-in below `folder`.

    Returns a line for each that was not there or is another now. Raises `VaultError`.
    """
    return tuple(f"authority {name}" for name, source in authorities.items() if source and _laid(folder, name, source))


def _laid(folder: Path, name: str, source: Path) -> bool:
    try:
        content = source.read_bytes()
    except OSError as error:
        why = f"{source} cannot be read ({type(error).__name__}); an authority's certificate belongs there"
        raise VaultError(why) from error
    if b"BEGIN CERTIFICATE" not in content or b"PRIVATE KEY" in content:
        raise VaultError(f"{source} must hold an authority's certificate, and no key")
    places = [folder / role / name for role in ROLES]
    differing = [place for place in places if not place.exists() or place.read_bytes() != content]
    for place in differing:
        write_private(place, content)
    return bool(differing)
