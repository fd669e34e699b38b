"""Write data/co2_weekly.csv: carbon dioxide at Mauna Loa, week by week, as a logbook that was typed in by piles.

Usage: make_data.py [FOLDER]   (the folder to write into; default: data/ beside this script)

The measurements are real: weekly means from March 1958 to December 2001, from `statsmodels.datasets.co2` (bundled with
statsmodels, no download). The original has 59 weeks without a value. What is added here, without any randomness:

- weeks without a value have no line at all;
- the piles of paper were typed in an odd order, so that the lines are not sorted;
- some lines were typed wrongly; their corrections stand at the end of the file, so that those weeks occur twice.
"""

import sys
from pathlib import Path

from statsmodels.datasets import co2

PILES = ((1974, 1983), (1958, 1965), (1992, 2001), (1966, 1973), (1984, 1991))
"""First and last year of each pile, in the order of typing."""
MISTYPED_EVERY = 163
"""Every so many lines one was typed wrongly."""
SLIPS = (10.0, -10.0, 1.0, -30.0)
"""What the wrong digit adds to the value, in turn."""


def lines() -> list[str]:
    """The lines of the file below its heading."""
    measured = co2.load_pandas().data["co2"].dropna()
    typed: list[str] = []
    corrections: list[str] = []
    for first, last in PILES:
        for week, ppm in measured[(measured.index.year >= first) & (measured.index.year <= last)].items():
            right = f"{week:%Y-%m-%d},{ppm:.1f}"
            if (len(typed) + 1) % MISTYPED_EVERY == 0:
                slip = SLIPS[len(corrections) % len(SLIPS)]
                typed.append(f"{week:%Y-%m-%d},{ppm + slip:.1f}")
                corrections.append(right)
            else:
                typed.append(right)
    return typed + corrections


def write(folder: Path) -> None:
    """Write co2_weekly.csv into the folder, which is made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "co2_weekly.csv").write_bytes(("\n".join(["week,ppm", *lines()]) + "\n").encode("utf-8"))


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "data")
