"""How much room is left, for those who watch."""

import math
import shutil
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge


def tell_free_space(registry: CollectorRegistry, *places: Path) -> None:
    """Say of the disk that each folder is on which share of it is free, whenever the figures are asked for."""
    free = Gauge(
        "caseloop_disk_free_share",
        "Share of the disk that a folder is on which can still be filled.",
        ("place",),
        registry=registry,
    )
    for place in places:
        free.labels(str(place)).set_function(partial(free_share, place))


def free_share(place: Path) -> float:
    """Between 0 and 1, without what is kept back for root; not a number where there is no such folder."""
    try:
        disk = shutil.disk_usage(place)
    except OSError:
        return math.nan
    return disk.free / (disk.used + disk.free) if disk.used + disk.free else math.nan
