import tomllib
from functools import cache
from importlib.resources import files


@cache
def common_words() -> frozenset[str]:
    """English words that say nothing about what a text is about."""
    vocabulary = tomllib.loads(files("feedback.chat").joinpath("vocabulary.toml").read_text("utf-8"))
    return frozenset(vocabulary["common"].split())
