import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _vocabulary() -> dict[str, Any]:
    return tomllib.loads(files("feedback.chat").joinpath("vocabulary.toml").read_text("utf-8"))


@cache
def common_words() -> frozenset[str]:
    """English words that say nothing about what a text is about."""
    return frozenset(_vocabulary()["common"].split())


@cache
def words_of_languages() -> Mapping[str, frozenset[str]]:
    """The most common words of each language that is written in Latin letters, by its two-letter tag."""
    return {language: frozenset(words.split()) for language, words in _vocabulary()["languages"].items()}
