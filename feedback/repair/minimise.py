"""From all edits to the few that are needed."""

import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence

from feedback.repair.space import Space

Passes = Callable[[Sequence[str]], Sequence[bool]]
"""Runs programs on the checks. Raises OutOfTime."""
MAX_SUBSETS = 120
"""Small sets of edits that are tried before edits are dropped one by one."""
AT_ONCE = 16
"""Of these, so many are asked together, unless a run is dear."""
_MAX_SIZE = 3


def needed_groups(draft: Space, passes: Passes) -> frozenset[int] | None:
    """All edits without those of functions that are right as they are; None when not even all of them are enough."""
    active = draft.everything
    if not passes([draft.render(active)])[0]:
        return None
    for group in sorted(draft.groups, key=lambda name: -draft.cost(draft.groups[name])):
        without = active - draft.groups[group]
        if without != active and passes([draft.render(without)])[0]:
            active = without
    return active


def without_groups(draft: Space) -> Iterator[frozenset[int]]:
    """All that `needed_groups` can ask for."""
    names = list(draft.groups)
    for count in range(len(names) + 1):
        for gone in itertools.combinations(names, count):
            yield draft.everything.difference(*(draft.groups[name] for name in gone))


def fewest(
    draft: Space, rest: frozenset[int], mine: frozenset[int], passes: Passes, at_once: int = AT_ONCE
) -> frozenset[int] | None:
    """Of the edits of one function those that are needed beside the rest; None when not even all of them do."""
    if not passes([draft.render(rest | mine)])[0]:
        return None
    few = _subset(draft, rest, mine, at_once, passes)
    return few if few is not None else _dropped(draft, rest, mine, passes)


def small_sets(draft: Space, mine: frozenset[int]) -> Iterator[frozenset[int]]:
    """The small sets of these edits that `fewest` tries, the cheapest first."""
    limit = draft.cost(mine)
    subsets = itertools.takewhile(lambda one: draft.cost(one) < limit, _by_cost(draft, sorted(mine)))
    return itertools.islice(subsets, MAX_SUBSETS)


def _subset(
    draft: Space, rest: frozenset[int], mine: frozenset[int], at_once: int, passes: Passes
) -> frozenset[int] | None:
    """The cheapest small set that is enough, if it is found among the first."""
    tried = small_sets(draft, mine)
    while batch := list(itertools.islice(tried, at_once)):
        found = _first(draft, rest, batch, passes)
        if found is not None:
            return found
    return None


def _first(
    draft: Space, rest: frozenset[int], batch: Sequence[frozenset[int]], passes: Passes
) -> frozenset[int] | None:
    flags = passes([draft.render(rest | subset) for subset in batch])
    return next((subset for subset, flag in zip(batch, flags, strict=True) if flag), None)


def _by_cost(draft: Space, mine: Sequence[int]) -> Iterator[frozenset[int]]:
    """Sets of at most `_MAX_SIZE` edits, the cheapest first."""
    ordered = sorted(mine, key=lambda number: draft.edits[number].cost)
    heap: list[tuple[int, tuple[int, ...]]] = [(draft.edits[one].cost, (at,)) for at, one in enumerate(ordered)]
    heapq.heapify(heap)
    while heap:
        cost, chosen = heapq.heappop(heap)
        yield frozenset(ordered[at] for at in chosen)
        if len(chosen) < _MAX_SIZE:
            for at in range(chosen[-1] + 1, len(ordered)):
                heapq.heappush(heap, (cost + draft.edits[ordered[at]].cost, (*chosen, at)))


def _dropped(draft: Space, rest: frozenset[int], mine: frozenset[int], passes: Passes) -> frozenset[int]:
    """Edits left after each that is not needed has been dropped, the dearest first, until none can be."""
    kept = mine
    while True:
        ordered = sorted(kept, key=lambda one: -draft.edits[one].cost)
        flags = passes([draft.render(rest | (kept - {number})) for number in ordered])
        idle = [number for number, flag in zip(ordered, flags, strict=True) if flag]
        if not idle:
            return kept
        if len(idle) > 1 and passes([draft.render(rest | kept.difference(idle))])[0]:
            kept = kept.difference(idle)
            continue
        kept = kept - {idle[0]}
        for number in idle[1:]:
            if passes([draft.render(rest | (kept - {number}))])[0]:
                kept = kept - {number}
