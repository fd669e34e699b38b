import re

_MARKUP = re.compile(
    r"</?[a-z][\w:-]*(?:\s[^<>]*|/)?>|<!--|<!\w|<\s*/?\s*(?:script|style|iframe|img|svg|object|embed|link|meta|form|"
    r"input|button|video|audio|base|body|html|math|template|think|tool_call)\b|&(?:#x?[0-9a-f]+|lt|gt|amp|quot|nbsp);|"
    r"\]\s*\(|!\[|\b(?:javascript|vbscript|data|file)\s*:\s*[\w/]|\bhttps?\s*:\s*//|\bwww\.\w",
    re.IGNORECASE,
)


def has_markup(prose: str) -> bool:
    """Whether the text, without its code spans, holds markup or an address."""
    return _MARKUP.search(prose) is not None
