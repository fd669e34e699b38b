from collections.abc import Mapping, Sequence

from feedback.hints.tokens import exact_tokens, loose_tokens


def code_distance(one: str, other: str) -> int:
    """How many tokens have to be added, taken away or replaced to make one source the other."""
    first, second = exact_tokens(one), exact_tokens(other)
    if first is None or second is None:
        # Both in the same way: tokens of two kinds would differ where the code does not.
        first, second = loose_tokens(one), loose_tokens(other)
    return edits(first, second)


def answers_distance(mine: Mapping[str, str], other: Mapping[str, str]) -> int:
    """The same over all answer cells of a subtask; a cell that one of them lacks is empty there."""
    return sum(code_distance(mine.get(cell, ""), other.get(cell, "")) for cell in mine.keys() | other.keys())


def edits(one: Sequence[str], other: Sequence[str]) -> int:
    """The Levenshtein distance of two sequences.

    Bit-parallel, one column of the table in one integer: G. Myers, "A fast bit-vector algorithm for approximate string
    matching based on dynamic programming", 1999, in the form that H. Hyyrö gave it for whole sequences, 2003. Two cells
    of ten thousand tokens take some milliseconds instead of a minute.
    """
    if not one or not other:
        return max(len(one), len(other))
    where: dict[str, int] = {}
    for at, token in enumerate(one):
        where[token] = where.get(token, 0) | 1 << at
    every, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    more, less, distance = every, 0, len(one)
    for token in other:
        equal = where.get(token, 0)
        vertical = equal | less
        horizontal = (((equal & more) + more) ^ more) | equal
        up = (less | ~(horizontal | more)) & every
        down = more & horizontal
        distance += bool(up & last) - bool(down & last)
        up, down = ((up << 1) | 1) & every, (down << 1) & every
        more = (down | ~(vertical | up)) & every
        less = up & vertical
    return distance
