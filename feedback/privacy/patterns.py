"""What identifies a person or opens a door, by its form. Precise first: code and data must stay what they are."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from itertools import pairwise

Keep = Callable[[re.Match[str]], bool]


@dataclass(frozen=True)
class Pattern:
    """A form, what stands in its place afterwards, and the matches that are innocent all the same."""

    form: re.Pattern[str]
    mark: str
    innocent: Keep = lambda match: False  # noqa: ARG005 - the signature of Keep

    def applied(self, text: str) -> str:
        """The text with every match replaced."""
        return self.form.sub(self._replaced, text)

    def _replaced(self, match: re.Match[str]) -> str:
        return match.group() if self.innocent(match) else match.expand(self.mark)


def applied(patterns: Iterable[Pattern], text: str) -> str:
    """The text after all patterns, in order."""
    for pattern in patterns:
        text = pattern.applied(text)
    return text


def _attribute(match: re.Match[str]) -> bool:
    """`left@right.T` is a matrix product."""
    return match["top"] in _ARRAY_ATTRIBUTES or match["local"] == "" or not match["local"].strip(".")


_ARRAY_ATTRIBUTES = frozenset(("values", "shape", "size", "real", "imag", "data", "flat", "weight", "bias", "array"))


def _digits(match: re.Match[str]) -> int:
    return sum(c.isdigit() for c in match.group())


def _no_phone(match: re.Match[str]) -> bool:
    return not 9 <= _digits(match) <= 15


def _no_ipv4(match: re.Match[str]) -> bool:
    try:
        address = IPv4Address(match.group())
    except AddressValueError:
        return True
    return address.is_loopback or address.is_unspecified


def _no_ipv6(match: re.Match[str]) -> bool:
    """Times and slices have colons, too: `12:30:00`, `rows[1::2]`."""
    if len([group for group in match.group().split(":") if group]) < 4 and not match.group().lower().startswith("fe80"):
        return True
    try:
        address = IPv6Address(match.group())
    except AddressValueError:
        return True
    return address.is_loopback or address.is_unspecified


def _no_hex(match: re.Match[str]) -> bool:
    return match.group().isdigit() or match.group().isalpha()


def _not_random(match: re.Match[str]) -> bool:
    """Words and paths stay within a class of characters for a while; what was drawn at random changes it constantly."""
    text = match.group().rstrip("=")
    kinds = [("a" if c.islower() else "A" if c.isupper() else "0" if c.isdigit() else "-") for c in text]
    if min(kinds.count(kind) for kind in "aA0") < 3:
        return True
    return sum(one != other for one, other in pairwise(kinds)) < 0.45 * len(kinds)


def _no_secret(match: re.Match[str]) -> bool:
    value = match["value"]
    return value.startswith("[") or not any(c.isdigit() for c in value)


_VALUE = r"(?P<value>[^\s\"'`,;()\[\]{}]{6,200})(?![(.\[\w])"
_PASSWORDS = r"(?:password|passwd|passphrase|kennwort|passwort|\bpwd)"
_KEYS = (
    r"(?:api[_-]?key|access[_-]?key|secret|token|auth[_-]?key|private[_-]?key|client[_-]?secret|credentials?)"
    r"(?:_?(?:id|key|value))?"
)
_QUOTED = r"[\"']?\]?\s*(?::\s*str\s*)?(?:=|:|\bis\b)\s*[bfru]{0,2}"

SECRETS = (
    Pattern(
        re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)", re.DOTALL),
        "[key]",
    ),
    Pattern(
        re.compile(r"(?P<door>\b[a-z][a-z0-9+.-]{1,20}://)[^\s/:@\"']{0,100}:[^\s/@\"']{1,200}@"), r"\g<door>[secret]@"
    ),
    Pattern(re.compile(r"\beyJ[\w-]{8,2000}\.[\w-]{4,4000}\.[\w-]{0,2000}"), "[token]"),
    Pattern(
        re.compile(
            r"(?<![A-Za-z0-9])(?:"
            r"sk-[A-Za-z0-9_-]{16,200}|[srp]k_(?:live|test)_[A-Za-z0-9]{10,200}|gh[pousr]_[A-Za-z0-9]{20,255}|"
            r"github_pat_\w{20,255}|glpat-[\w-]{16,100}|hf_[A-Za-z0-9]{20,100}|xox[abeoprs]-[A-Za-z0-9-]{8,250}|"
            r"(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,60}|ya29\.[\w-]{16,500}|npm_[A-Za-z0-9]{30,200}|pypi-[\w-]{30,300}|"
            r"dop_v1_[a-f0-9]{40,80}|SG\.[\w-]{16,40}\.[\w-]{16,60}|gsk_[A-Za-z0-9]{20,100}|r8_[A-Za-z0-9]{20,60}|"
            r"hvs\.[\w-]{16,200}|AGE-SECRET-KEY-[A-Z0-9]{40,80}"
            r")(?![A-Za-z0-9])"
        ),
        "[token]",
    ),
    Pattern(
        re.compile(r"(?i)\b(?P<scheme>bearer|basic|token)[ ]+(?=[\w.~+/-]*\d)[\w.~+/-]{16,2000}={0,2}"),
        r"\g<scheme> [token]",
    ),
    Pattern(
        re.compile(rf"(?i)(?P<name>{_PASSWORDS}{_QUOTED})(?P<quote>[\"'])(?P<value>[^\"'\n]{{3,200}})(?P=quote)"),
        r"\g<name>\g<quote>[secret]\g<quote>",
    ),
    Pattern(
        re.compile(rf"(?i)(?P<name>{_KEYS}{_QUOTED})(?P<quote>[\"'])(?P<value>[^\"'\s]{{8,400}})(?P=quote)"),
        r"\g<name>\g<quote>[secret]\g<quote>",
        _no_secret,
    ),
    Pattern(
        re.compile(rf"(?i)(?P<name>(?:{_PASSWORDS}|{_KEYS})[\"']?\s*(?:=|:|\bis\b)\s*){_VALUE}"),
        r"\g<name>[secret]",
        _no_secret,
    ),
    Pattern(re.compile(r"(?<![\w#])[0-9a-fA-F]{32,512}(?!\w)"), "[token]", _no_hex),
    Pattern(re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{32,4000}={0,2}(?![\w+/=-])"), "[token]", _not_random),
)
"""What opens a door."""

_PHONES = "tel|telefon|telephone|phone|mobile|mobil|handy|whatsapp|fax|тел|телефон"
CONTACTS = (
    Pattern(
        re.compile(
            r"(?P<local>(?<![\w.+-])[\w.+-]{1,64})@(?:[A-Za-z0-9\u00c0-\uffff-]{1,63}\.){1,6}"
            r"(?P<top>[A-Za-z\u00c0-\uffff]{2,24})(?![\w(\[@])"
        ),
        "[e-mail]",
        _attribute,
    ),
    Pattern(
        re.compile(
            r"(?i)\b[\w.+-]{1,64}\s?(?:\(at\)|\[at\]|\{at\})\s?[\w-]{1,63}(?:(?:\.|\s?(?:\(dot\)|\[dot\]|\{dot\})\s?)[\w-]{2,63}){1,4}"
        ),
        "[e-mail]",
    ),
    Pattern(re.compile(r"(?<![\w.=<>~])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)"), "[address]", _no_ipv4),
    Pattern(re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])"), "[address]", _no_ipv6),
    # With groups, or told by what stands in front: a bare row of digits is a number.
    Pattern(
        re.compile(r"(?<![\w)\].+])\+\d{1,3}(?:[ \u00a0/-]{1,2}\(?\d{1,5}\)?|[ ]?\(\d{1,5}\)){1,6}(?![\w.]*\d)"),
        "[phone]",
        _no_phone,
    ),
    Pattern(re.compile(r"(?P<quote>[\"'])\+\d{9,15}(?P=quote)"), r"\g<quote>[phone]\g<quote>"),
    Pattern(
        re.compile(
            rf"(?i)(?P<label>\b(?:{_PHONES})(?:[ _]?(?:number|nummer|no|nr))?[\"']?\]?\s?\.?"
            r"(?:\s?(?:=|:|is|ist)\s?|\s)[\"']?)\+?\(?\d[\d \u00a0()/-]{5,18}\d\b(?![\w.]*\d)"
        ),
        r"\g<label>[phone]",
        lambda match: not 6 <= _digits(match) <= 15,
    ),
    Pattern(
        re.compile(r"(?<![\w)\]-])\(\d{3}\)[ ]?\d{3}-\d{4}(?![\w-])|(?<![\w.-])\d{3}-\d{3}-\d{4}(?![\w.-])"), "[phone]"
    ),
    Pattern(
        re.compile(
            r"(?<![\w.,/+-])(?<!\d[ \t])0\d{2,4}(?:[/-]\d{3,9}(?:[ -]\d{2,6}){0,2}|[ ]\d{6,9})(?![\w/.-])(?!\s\d)"
        ),
        "[phone]",
        lambda match: not 10 <= _digits(match) <= 13,
    ),
)
"""How to reach somebody."""

_CAPITALISED = r"(?=[^\W\d_a-zа-яёß-öø-ÿ])[^\W\d_][\w’-]{1,30}(?:'\w{2,20})?"
_PEOPLE = rf"{_CAPITALISED}(?:[ ]{_CAPITALISED}){{0,2}}"
_MY_NAME = r"\bmy name is|\bmein name ist|\bich hei(?:ß|ss)e|\bje m['’]appelle|\bme llamo|\bменя зовут"
_AUTHOR = r"author|student|submitted by|written by|solved by"
IDENTITIES = (
    Pattern(
        re.compile(
            r"(?i:(?P<label>\b(?:matrikel(?:nummer|-?nr)?|matriculation (?:number|no)|student[ _-]?(?:id|number|no))"
            r"[\"']?\]?\s?\.?\s?[:=#]?\s?[\"']?))(?=[\w-]*\d)[\w-]{4,24}"
        ),
        r"\g<label>[id]",
    ),
    Pattern(
        re.compile(rf"(?P<label>(?i:{_MY_NAME})\s){_PEOPLE}"),
        r"\g<label>[name]",
    ),
    Pattern(
        re.compile(rf"(?P<label>(?:\#[^\n\"']{{0,40}}?|__)(?i:{_AUTHOR})(?:__)?\s?[:=]\s?[\"']?){_PEOPLE}"),
        r"\g<label>[name]",
    ),
    Pattern(
        re.compile(r"(?P<home>/home/|/Users/|\\Users\\{1,2})(?!jovyan\b|shared\b|Public\b)[\w.@-]{1,64}(?![\w\]])"),
        r"\g<home>[name]",
    ),
)
"""Who somebody is, where a label says so."""
