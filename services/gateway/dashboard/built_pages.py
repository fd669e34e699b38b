from collections.abc import Mapping
from pathlib import Path
from typing import Final

INDEX: Final = "index.html"
_HASHED: Final = "assets/"
"""Vite puts a digest of the content into the names below this folder."""
FOR_EVER: Final = "public, max-age=31536000, immutable"
ANEW: Final = "no-cache"


class BuiltPages:
    """The files of the built desk, as they are on the disk when the door opens. Nothing else can be had by any path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: Mapping[str, Path] = {
            path.relative_to(folder).as_posix(): path
            for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink()
        }

    @property
    def index(self) -> Path | None:
        """The page itself; None: it is not built."""
        return self._files.get(INDEX)

    def file(self, name: str) -> tuple[Path, str] | None:
        """A file other than the page itself, and how long browsers may keep it."""
        path = None if name == INDEX else self._files.get(name)
        return None if path is None else (path, FOR_EVER if name.startswith(_HASHED) else ANEW)
