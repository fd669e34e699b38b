"""The kinds of what differs between two programs."""

from typing import Final, Literal

Change = Literal[
    "condition",
    "bound",
    "call",
    "argument",
    "value",
    "operator",
    "name",
    "result",
    "parameters",
    "expression",
    "missing step",
    "extra step",
    "order",
    "nesting",
]
"""A kind only: what stands in either program is never told by it."""

BOUNDS: Final = frozenset(("range", "slice", "head", "tail", "iloc", "loc"))
"""Calls and indexers whose arguments say how far something reaches."""
