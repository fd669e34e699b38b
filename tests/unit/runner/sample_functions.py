"""Functions whose insides the tests of the sandbox change."""

import types
from typing import Any


def functions() -> list[types.FunctionType]:
    """Two of them, made anew."""

    def bare(values: list[int]) -> int:
        return sum(values)

    def with_defaults(value: int, other: int = 1, *, third: int = 2) -> int:
        return value + other + third

    found: list[Any] = [bare, with_defaults]
    return found


def other(value: int, other: int = 1, *, third: int = 2) -> int:
    """Takes what the second of them takes, and gives something else."""
    return value - other - third
