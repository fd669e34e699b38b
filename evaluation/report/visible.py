import unicodedata
from typing import Final

_INVISIBLE: Final = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_KEPT: Final = frozenset("\n\t\u200d")


def visible(text: str) -> str:
    """The text with its invisible letters written out: they may turn the order of a line around, or hide a part."""
    return "".join(
        f"⟨U+{ord(letter):04X}⟩" if unicodedata.category(letter) in _INVISIBLE and letter not in _KEPT else letter
        for letter in text
    )
