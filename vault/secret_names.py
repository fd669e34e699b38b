import re

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def checked_name(name: str) -> str:
    """Return the name of a secret if it is one. Raises `ValueError`."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name[:120]!r} is not a secret's name: lower-case letters, digits, dots, dashes, at most 100"
        )
    return name
