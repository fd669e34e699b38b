"""Write data/logbook.txt: the Linnerud exercise data, typed the way a hurried person types.

Usage: make_data.py [FOLDER]   (the folder to write into; default: data/ beside this script)

The measurements are real: 20 men, from `sklearn.datasets.load_linnerud` (bundled with scikit-learn, no download).
The names are invented. What is made untidy, and where, is written down in the tables below, so that every run writes
the same bytes.
"""

import sys
from pathlib import Path

from sklearn.datasets import load_linnerud

NAMES = (
    "Ruben Achterberg",
    "José Quintela",
    "Tom Hallworth",
    "Łukasz Brzoza",
    "Emre Aydın",
    "Björn Sandahl",
    "Kofi Asante",
    "Dermot O'Shea",
    "Zoltán Kerekes",
    "Anders Lyng",
    "Jean-Noël Barret",
    "Miguel Ferrão",
    "Teppo Rantala",
    "Harold Pym",
    "Ivo Stanek",
    "Samuel Okoro",
    "Dieter Grünwald",
    "Nikos Pavlou",
    "Çetin Yalçın",
    "Walter Bright",
)

NOT_TAKEN = {(3, "jumps"), (6, "situps"), (6, "jumps"), (13, "chins"), (16, "situps"), (19, "pulse")}
"""(position, test) for which the book holds a dash."""

BEFORE = {
    0: ["# Mill Lane fitness club, spring test", "# name; chin-ups; sit-ups; jumps; resting pulse", ""],
    5: ["", "   # second evening"],
    9: ["New mats arrived today. Thank you, Harold!"],
    14: ["   ", "# third evening; the skipping rope broke"],
    18: ["Guest; 3; 40"],
}
"""Lines that are no records, written before the record at that position."""

WIDE = {1, 4, 10, 17}
"""Positions whose fields stand between many blanks."""
TIGHT = {2, 8, 12}
"""Positions whose fields have no blank at all around the semicolons."""


def record(position: int, row: dict[str, float]) -> str:
    """One line of the logbook, without its line end."""
    values = [
        "-" if (position, test) in NOT_TAKEN else str(int(row[column]))
        for test, column in (("chins", "Chins"), ("situps", "Situps"), ("jumps", "Jumps"), ("pulse", "Pulse"))
    ]
    if position in WIDE:
        return "  " + " ;   ".join([NAMES[position], *values]) + "  "
    return (";" if position in TIGHT else "; ").join([NAMES[position], *values])


def write(folder: Path) -> None:
    """Write logbook.txt into the folder, which is made when it is not there."""
    rows = load_linnerud(as_frame=True).frame.to_dict("records")
    lines: list[str] = []
    for position, row in enumerate(rows):
        lines += BEFORE.get(position, [])
        lines.append(record(position, row))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logbook.txt").write_bytes(("\n".join(lines) + "\n").encode("utf-8"))


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "data")
