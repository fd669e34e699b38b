"""Text in one plain form, so that what looks the same is the same."""

import unicodedata

_INVISIBLE = frozenset({"Cf", "Cc", "Cs", "Co", "Cn", "Mn", "Me"})


def _lookalikes() -> dict[int, str]:
    """Signs that are read as an ASCII one: a choice from Unicode's confusables, those that fonts draw alike."""
    pairs = {
        "авгезіїкморстухјѕԁɡһѵԛԝпё": "abreeiikmopctyxjsdghvqwne",
        "АВСЕНІЈКМОРЅТХУԌԚԜ": "ABCEHIJKMOPSTXYGQW",
        "αβεικνορτυχγωη": "abeiknoptuxywn",
        "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ": "ABEZHIKMNOPTYX",
        "ıⅼꓲ∣ǀ‐‑‒–—−﹣": "ilI||-------",
        "‘’‚‛′“”„‟″«»": "'''''" + '"' * 7,
        "⁄∕÷×∗⋅：；，［］｛｝＝꞉ꓽ": "///***:;,[]{}=::",
        "\r\u2028\u2029\v\f\t": "\n\n\n\n\n ",
    }
    table = {ord(one): other for ones, others in pairs.items() for one, other in zip(ones, others, strict=True)}
    return table | {ord("≤"): "<=", ord("≥"): ">=", ord("≠"): "!="}


_LOOKALIKES = _lookalikes()


def plain(text: str) -> str:
    """The text with lookalikes replaced, accents dropped and all that cannot be seen removed. Never raises."""
    text = text.translate(_LOOKALIKES)
    if text.isascii():
        return text if text.replace("\n", "").isprintable() else "".join(filter(_seen, text))
    return "".join(filter(_seen, unicodedata.normalize("NFKD", text).translate(_LOOKALIKES)))


def _seen(character: str) -> bool:
    if character < "\x7f":
        return character >= " " or character == "\n"
    return unicodedata.category(character) not in _INVISIBLE
