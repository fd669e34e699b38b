"""Marked regions of a cell: `### BEGIN SOLUTION` … `### END SOLUTION` and their relatives."""

import re
from dataclasses import dataclass
from typing import Literal

RegionKind = Literal["SOLUTION", "HIDDEN TESTS", "MARK SCHEME"]


@dataclass(frozen=True)
class Region:
    """0-based line numbers of the two marker lines; a region without END ends after the last line."""

    begin: int
    end: int


@dataclass(frozen=True)
class MarkerFault:
    """A marker that does not fit, with its 1-based line."""

    line: int
    message: str


@dataclass(frozen=True)
class Regions:
    """All regions of one kind in one cell."""

    kind: RegionKind
    lines: tuple[str, ...]
    found: tuple[Region, ...]
    faults: tuple[MarkerFault, ...]

    def inside(self) -> list[str]:
        """The lines between the markers, region after region."""
        return [line for region in self.found for line in self.lines[region.begin + 1 : region.end]]

    def outside(self) -> list[str]:
        """The lines that belong to no region, without the markers."""
        taken = {number for region in self.found for number in range(region.begin, region.end + 1)}
        return [line for number, line in enumerate(self.lines) if number not in taken]


def find_regions(source: str, kind: RegionKind) -> Regions:
    """Find the regions; faults (no END, no BEGIN, nested) are told, and an open region hides all that follows."""
    lines = tuple(source.split("\n"))
    found: list[Region] = []
    faults: list[MarkerFault] = []
    begin: int | None = None
    for number, line in enumerate(lines):
        marker = _marker(line, kind)
        if marker is None:
            continue
        edge, alone = marker
        if not alone:
            faults.append(MarkerFault(number + 1, f"`{edge} {kind}` must stand on a line of its own"))
        if edge == "BEGIN" and begin is None:
            begin = number
        elif edge == "BEGIN":
            faults.append(
                MarkerFault(number + 1, f"BEGIN {kind} inside the region that begins in line {(begin or 0) + 1}")
            )
        elif begin is None:
            faults.append(MarkerFault(number + 1, f"END {kind} without a BEGIN {kind} above it"))
        else:
            found.append(Region(begin, number))
            begin = None
    if begin is not None:
        faults.append(MarkerFault(begin + 1, f"BEGIN {kind} has no END {kind} below it"))
        found.append(Region(begin, len(lines)))
    return Regions(kind, lines, tuple(found), tuple(faults))


def _marker(line: str, kind: RegionKind) -> tuple[str, bool] | None:
    """BEGIN or END and whether the marker stands alone; None for every other line."""
    words = r"\s+".join(kind.split())
    alone = re.match(rf"^\s*(?:#+|<!--)?\s*(BEGIN|END)\s+{words}\s*(?:#+|-->)?\s*$", line, re.IGNORECASE)
    if alone:
        return alone[1].upper(), True
    beside = re.search(rf"#+\s*(BEGIN|END)\s+{words}\b", line, re.IGNORECASE)
    return (beside[1].upper(), False) if beside else None
