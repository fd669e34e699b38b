"""Whether bytes are the picture that they are said to be, and of a size that a browser draws without trouble."""

from typing import Final, Literal

MAX_SIDE: Final = 10_000
MAX_PIXELS: Final = 16_000_000
"""A picture of few bytes can be a plane of gigabytes once it is drawn."""
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's markers of a frame, which say how large it is."""
_BARE: Final = frozenset((0x01, *range(0xD0, 0xD9)))
"""Those without a length."""


def is_picture(mime: Literal["image/png", "image/jpeg"], content: bytes) -> bool:
    """Whether this is a PNG or JPEG, as `mime` says, and none that is too large to be drawn."""
    size = _png_size(content) if mime == "image/png" else _jpeg_size(content)
    if size is None:
        return False
    width, height = size
    return 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS


def _png_size(content: bytes) -> tuple[int, int] | None:
    if not content.startswith(_PNG) or content[12:16] != b"IHDR" or len(content) < 33:
        return None
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """(width, height) of the frame; of one that is none, None."""
    if not content.startswith(_JPEG):
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _FRAMES:
            return int.from_bytes(content[at + 7 : at + 9]), int.from_bytes(content[at + 5 : at + 7])
        else:
            length = int.from_bytes(content[at + 2 : at + 4])
            if length < 2:
                return None
            at += 2 + length
    return None
