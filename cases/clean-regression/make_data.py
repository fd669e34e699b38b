"""Write data/patients.csv: the diabetes study of Efron et al. (2004), as two clinics might have typed it.

Usage: make_data.py [FOLDER]   (the folder to write into; default: data/ beside this script)

The measurements are real: 442 patients, from `sklearn.datasets.load_diabetes(scaled=False)` (bundled with
scikit-learn, no download). The mess is ours, drawn with a fixed seed, so that every run writes the same bytes:

- the south clinic types decimal commas, and blood pressure in kPa instead of mmHg;
- values that nobody measured are left empty, or typed as `n/a`, `unknown` or -999;
- the group code A or B is spelled in eight ways;
- 26 patients were typed in twice; the second line spells the patient's id differently and guesses at two values;
- 9 patients have no result after a year, and two more have -999 there.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes

SEED = 20_240_611
KPA_IN_MMHG = 7.50062
COLUMNS = (
    "patient_id",
    "age",
    "group",
    "bmi",
    "bp",
    "cholesterol",
    "hdl",
    "log_triglycerides",
    "glucose",
    "progression",
)
SOURCE = {
    "age": "age",
    "bmi": "bmi",
    "cholesterol": "s1",
    "hdl": "s3",
    "log_triglycerides": "s5",
    "glucose": "s6",
    "progression": "target",
}
DECIMALS = {"age": 0, "bmi": 1, "cholesterol": 0, "hdl": 0, "log_triglycerides": 4, "glucose": 0, "progression": 0}
GROUPS = {
    1: ("A", "A", "A", "a", " A", "group A", "Group A ", "GROUP a"),
    2: ("B", "B", "B", "b", "B ", "group B", "Group B", " GROUP b"),
}
UNMEASURED = {
    "age": (("", 0.01),),
    "bmi": (("", 0.02), ("unknown", 0.02)),
    "bp": (("", 0.03), ("unknown", 0.015)),
    "cholesterol": (("n/a", 0.02), ("-999", 0.015)),
    "hdl": (("n/a", 0.03),),
    "log_triglycerides": (("", 0.01), ("unknown", 0.01)),
    "glucose": (("", 0.02), ("-999", 0.045)),
}
"""Column -> what stands there instead of a value, and how often."""
REPEATED = 26
WITHOUT_RESULT = 9
RESULT_MINUS_999 = 2

Row = dict[str, str]


def number(value: float, decimals: int, south: bool) -> str:
    """The value as a clinic types it."""
    text = f"{value:.{decimals}f}"
    return text.replace(".", ",") if south else text


def pressure(mmhg: float, south: bool, rng: np.random.Generator) -> str:
    """A blood pressure with its unit, in one of the clinic's spellings."""
    if south:
        return number(mmhg / KPA_IN_MMHG, 2, south) + str(rng.choice([" kPa", "kPa", " kpa"]))
    return number(mmhg, 0, south) + str(rng.choice([" mmHg", "mmHg", " MMHG"]))


def first_line(patient_id: str, values: dict[str, Any], rng: np.random.Generator) -> Row:
    """The line of one patient, typed by one of the two clinics, some values not measured."""
    south = bool(rng.random() < 0.4)
    row = {name: number(values[source], DECIMALS[name], south) for name, source in SOURCE.items()}
    row["patient_id"] = patient_id
    row["bp"] = pressure(values["bp"], south, rng)
    row["group"] = str(rng.choice(GROUPS[int(values["sex"])]))
    for name, codes in UNMEASURED.items():
        draw, reached = rng.random(), 0.0
        for code, share in codes:
            reached += share
            if reached - share <= draw < reached:
                row[name] = code
    return row


def second_line(row: Row, rng: np.random.Generator) -> Row:
    """The same patient typed once more, by someone who spelled the id as they liked and guessed at two values."""
    again = dict(row)
    spell = rng.integers(3)
    again["patient_id"] = (row["patient_id"].lower(), f" {row['patient_id']}", f"{row['patient_id'].lower()} ")[spell]
    again["age"] = str(int(rng.integers(20, 80)))
    again["glucose"] = str(int(rng.integers(70, 120)))
    return again


def rows(rng: np.random.Generator) -> list[Row]:
    """All lines of the table in order."""
    frame = load_diabetes(as_frame=True, scaled=False).frame
    records = frame.iloc[rng.permutation(len(frame))].to_dict("records")
    lines = [first_line(f"P{position:04d}", values, rng) for position, values in enumerate(records, start=1)]
    chosen = rng.choice(len(lines), size=WITHOUT_RESULT + RESULT_MINUS_999, replace=False)
    for place, position in enumerate(chosen):
        lines[position]["progression"] = "" if place < WITHOUT_RESULT else "-999"
    # A repeated line stands anywhere below the first one, as it does when a pile of forms is typed in twice.
    for position in sorted(rng.choice(len(lines), size=REPEATED, replace=False), reverse=True):
        place = int(rng.integers(position + 1, len(lines) + 1))
        lines.insert(place, second_line(lines[position], rng))
    return lines


def write(folder: Path) -> None:
    """Write patients.csv into the folder, which is made when it is not there."""
    lines = rows(np.random.default_rng(SEED))
    text = ["# diabetes register, north and south clinic", ";".join(COLUMNS)]
    text += [";".join(line[name] for name in COLUMNS) for line in lines]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "patients.csv").write_bytes(("\n".join(text) + "\n").encode("utf-8"))


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "data")
