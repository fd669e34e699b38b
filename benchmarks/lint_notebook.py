"""A notebook of 200 lines as the style review meets it: reference code, and cells with the faults of a first draft."""

from pathlib import Path
from typing import Final

from case_uploader.format.case_folder import read_case_folder
from services.contracts.notebook import Cell

LINES: Final = 200
_CASES: Final = Path(__file__).resolve().parents[1] / "cases"
_DRAFT: Final = (
    "import os\nimport pickle\nimport sys\n\nimport numpy as np\nimport pandas as pd",
    "houses = pd.read_csv('/home/ana/houses.csv')\nhouses.dropna(inplace=True)\n"
    "missing = houses[houses['price'] == np.nan]\nhouses[houses['area'] > 100]['big'] = True\nhouses.head()",
    "def summarise(table: pd.DataFrame, names=[]) -> str:\n    unused = 3\n    try:\n        return table.to_csv()\n"
    "    except:\n        pass\n    return ''\n    print('never')",
    "def half(number: int) -> float:\n    if not number is None:\n        return number / 2\n"
    "    else:\n        return 0.0",
    "half('22')\nsummarise(houses, 4, 5)\nlen(houses) == 3\nhouses",
    "model = pickle.load(open('model.pkl', 'rb'))\nl = eval('1 + 1')\nos.system('ls ' + sys.argv[1])\n"
    "noise = np.random.rand(3)\nprint(undefined_thing, f'total', type(l) == int)",
    "for i in range(len(houses)):\n    if True == False:\n        print(houses.iloc[i])",
)


def notebook_cells() -> list[Cell]:
    """The draft's cells, then those of the sample cases' references, cut at 200 lines."""
    sources: list[str] = []
    left = LINES
    for source in (*_DRAFT, *reference_sources()):
        taken = source.splitlines()[:left]
        left -= len(taken)
        sources.append("\n".join(taken))
        if left <= 0:
            break
    return [Cell(id=f"cell-{number}", source=source) for number, source in enumerate(sources, start=1)]


def reference_sources() -> list[str]:
    """Code that is right: every reference of the sample cases."""
    drafts = (read_case_folder(folder).draft for folder in sorted(_CASES.iterdir()))
    return [
        source
        for draft in drafts
        if draft is not None
        for subtask in draft.author.subtasks
        for source in subtask.reference.values()
    ]
