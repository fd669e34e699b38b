"""The real tools over ASGI, on notebooks as learners write them."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from linting.review.rank import CATEGORIES, SEVERITIES
from services.contracts.clients.linting import LintingClient
from services.contracts.errors import ServiceError
from services.contracts.lint import LintReport, ReviewRequest
from services.contracts.notebook import Cell
from services.kit.http import in_process_client

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOOLS = ("ruff", "mypy", "bandit", "vulture", "caseloop")


def notebook(*sources: str) -> tuple[Cell, ...]:
    return tuple(Cell(id=f"cell-{n}", source=source) for n, source in enumerate(sources))


async def review(client: LintingClient, *sources: str, **options: object) -> LintReport:
    request = ReviewRequest.model_validate({"cells": notebook(*sources)} | options)
    report = await client.review(request)
    assert [(run.tool, run.status, run.detail) for run in report.tools] == [(tool, "ok", "") for tool in TOOLS]
    return report


def found(report: LintReport, rule: str) -> list[tuple[str, int | None]]:
    return [(f.place.cell, f.place.line) for f in report.findings if f.rule == rule]


SEEDED = (
    "%matplotlib inline\nimport os\nimport pickle\n\nimport numpy as np\nimport pandas as pd\n"
    "from sklearn.model_selection import train_test_split\nfrom sklearn.preprocessing import StandardScaler",
    'df = pd.read_csv("/home/ana/houses.csv")\ndf.head()',
    'df.dropna(inplace=True)\nmissing = df[df["price"] == np.nan]\ndf[df["area"] > 100]["big"] = True\n'
    'for i, row in df.iterrows():\n    row["price"] = row["price"] / 1000',
    "!ls\nfeatures = StandardScaler().fit_transform(df)\ntrain, test = train_test_split(features)",
    "def summarise(table: pd.DataFrame, names=[]) -> str:\n    unused = 3\n    try:\n        return table.to_csv()\n"
    '    except:\n        pass\n    return ""\n    print("never")\n\n\nsummarise(df, 4, 5)',
    'é = "ñandú"; noise = np.random.rand(3)\nmodel = pickle.load(open("model.pkl", "rb"))\nx = eval("1 + 1")\nx\nnoise',
    "print(undefined_thing)\n%time total = sum(range(10))\ntotal",
)


PLACES = {
    "F401": [("cell-0", 2)],
    "DS007": [("cell-1", 1)],
    "PD002": [("cell-2", 1)],
    "PLW0177": [("cell-2", 2)],
    "DS003": [("cell-2", 3)],
    "DS001": [("cell-2", 4)],
    "DS002": [("cell-2", 5)],
    "DS004": [("cell-3", 2)],
    "DS006": [("cell-3", 3)],
    "B006": [("cell-4", 1)],
    "F841": [("cell-4", 2)],
    "E722": [("cell-4", 5)],
    "unreachable-code": [("cell-4", 8)],
    "call-arg": [("cell-4", 11)],
    "RET503": [("cell-4", 1)],
    "NPY002": [("cell-5", 1)],
    "B301": [("cell-5", 2)],
    "SIM115": [("cell-5", 2)],
    "B307": [("cell-5", 3)],
    "B018": [("cell-5", 4)],
    "F821": [("cell-6", 1)],
}


class TestSeededProblems:
    async def test_each_is_found_in_its_cell_and_line(self, client: LintingClient) -> None:
        seeded = await review(client, *SEEDED)
        assert {rule: found(seeded, rule) for rule in PLACES} == PLACES

    async def test_nothing_else_weighs_more_than_advice(self, client: LintingClient) -> None:
        seeded = await review(client, *SEEDED)
        assert {f.rule for f in seeded.findings if f.severity != "advice"} - PLACES.keys() == set()

    async def test_what_two_tools_say_is_one_finding(self, client: LintingClient) -> None:
        also = {f.rule: f.also for f in (await review(client, *SEEDED)).findings if f.also}
        assert also["F401"] == ("vulture:unused-import",)
        assert also["E722"] == ("caseloop:DS026", "bandit:B110")
        assert also["F821"] == ("mypy:name-defined",)

    async def test_each_says_why_and_where_to_read_on(self, client: LintingClient) -> None:
        assert all(f.why and f.url and f.name and f.message for f in (await review(client, *SEEDED)).findings)

    async def test_columns_count_characters_not_bytes(self, client: LintingClient) -> None:
        columns = {f.rule: f.column for f in (await review(client, *SEEDED)).findings}
        assert columns["NPY002"] == SEEDED[5].index("np.random.rand") + 1
        assert columns["B301"] == len("model = ") + 1

    async def test_errors_come_first_and_readability_last(self, client: LintingClient) -> None:
        weights = [
            (SEVERITIES.index(f.severity), CATEGORIES.index(f.category))
            for f in (await review(client, *SEEDED)).findings
        ]
        assert weights == sorted(weights)
        assert weights[0] == (0, 0)


HONEST = (
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\n"
    "from sklearn.linear_model import Ridge\nfrom sklearn.metrics import mean_absolute_error\n"
    "from sklearn.model_selection import train_test_split\nfrom sklearn.pipeline import make_pipeline\n"
    "from sklearn.preprocessing import StandardScaler",
    'houses = pd.read_csv("data/houses.csv", parse_dates=["sold"])\nhouses.head()',
    'houses["age"] = houses["sold"].dt.year - houses["built"]\n'
    'houses = houses.dropna(subset=["area"]).rename(columns={"sqm": "area"})\n'
    'houses.loc[houses["area"] > 1000, "area"] = np.nan\n'
    'by_city = houses.groupby("city")["price"].agg(["mean", "median"]).sort_values("mean", ascending=False)\nby_city',
    "def features(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:\n"
    '    """The columns a model may see."""\n    return table[columns].fillna(table[columns].median())',
    'X = features(houses, ["area", "age"])\ny = houses["price"]\n'
    "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\n"
    "model = make_pipeline(StandardScaler(), Ridge())\nmodel.fit(X_train, y_train)",
    "predicted = model.predict(X_test)\nerror = mean_absolute_error(y_test, predicted)\n"
    'print(f"{error:.1f}")\nplt.scatter(y_test, predicted, s=4);',
    "rng = np.random.default_rng(0)\nsample = rng.choice(houses.index.to_numpy(), size=10)\n"
    "houses.loc[sample, 'price'].mean()",
    "rows = []\nfor city, group in houses.groupby('city'):\n"
    "    rows.append({'city': city, 'share': len(group) / len(houses)})\n"
    "shares = pd.DataFrame(rows).set_index('city')\nshares.plot.bar()\nplt.show()",
    "weekly = houses.set_index('sold')['price'].resample('W').mean()\nfirst = weekly.index.min()\n"
    "span = (weekly.index.max() - first).days\n"
    "last_year = weekly[weekly.index >= first + pd.Timedelta(days=span - 365)]\n"
    "last_year.describe()",
    "# YOUR CODE HERE\nraise NotImplementedError()",
    "assert shares['share'].sum() == 1\nassert error < 10, 'The error is too large.'\nassert len(sample) == 10",
)


async def test_an_honest_notebook_hears_nothing_above_advice(client: LintingClient) -> None:
    report = await review(client, *HONEST)
    assert [(f.rule, f.place, f.message) for f in report.findings if f.severity != "advice"] == []
    assert len(report.findings) <= 3


async def test_only_editable_cells_are_remarked_on(client: LintingClient) -> None:
    report = await review(client, "import os", "import sys", editable=("cell-1",))
    assert found(report, "F401") == [("cell-1", 1)]


async def test_a_cell_that_does_not_parse_is_one_error_and_the_rest_is_reviewed(client: LintingClient) -> None:
    report = await review(client, "total = (", "x = eval('1')\nprint(total, x)")
    assert [(f.rule, f.severity) for f in report.findings] == [("not-python", "error"), ("B307", "warning")]


async def test_two_notebooks_of_one_size_in_one_second_get_their_own_verdicts(client: LintingClient) -> None:
    right = "def half(n: int) -> float:\n    return n / 2\n\n\nhalf(22)"
    wrong = "def half(n: int) -> float:\n    return n / 2\n\n\nhalf('')"
    assert len(right) == len(wrong)
    verdicts = [found(await review(client, source), "arg-type") for source in (right, wrong, right, wrong)]
    assert verdicts == [[], [("cell-0", 5)], [], [("cell-0", 5)]]


async def test_reviews_at_the_same_time_do_not_mix(client: LintingClient) -> None:
    sources = [f"x{n} = 1\nprint(missing{n})" for n in range(6)]
    reports = await asyncio.gather(*(review(client, source) for source in sources))
    assert [[f.message for f in report.findings] for report in reports] == [
        [f"Undefined name `missing{n}`"] for n in range(6)
    ]


async def test_an_unused_notebook_of_prose_is_fine(client: LintingClient) -> None:
    report = await client.review(ReviewRequest(cells=(Cell(id="a", kind="markdown", source="def ("),)))
    assert report.findings == ()


async def test_types_of_the_learners_own_code_are_warnings_and_pandas_is_advice_at_most(client: LintingClient) -> None:
    report = await review(
        client,
        "import pandas as pd\n\n\ndef shout(text: str) -> str:\n    return text.upper()\n\n\nshout(3)",
        "table = pd.DataFrame({'a': [1]})\nvalue = table.loc[0, 'a'] + 1\ntable.merge(table, on='a').loc[0, 'a'] * 2",
    )
    assert [(f.rule, f.severity) for f in report.findings if f.category == "types"] == [("arg-type", "warning")]


class TestRefusals:
    @pytest.mark.parametrize("caller", ["progress", "feedback", "env/ana/case/" + "0" * 64 + "/nonce"])
    async def test_only_the_gateway_may_ask(self, app: FastAPI, caller: str) -> None:
        async with in_process_client(app, caller) as http:
            response = await http.post("/reviews", json={"cells": []})
        assert (response.status_code, response.json()["error"]) == (403, "caller_not_allowed")

    async def test_an_unknown_python_is_refused_with_the_known_ones(self, client: LintingClient) -> None:
        with pytest.raises(ServiceError) as error:
            await client.review(ReviewRequest(cells=(), python="2.7"))
        assert (error.value.status, error.value.error) == (422, "python_not_supported")
        assert "3.11" in error.value.detail

    async def test_more_code_than_a_review_reads_is_refused(self, client: LintingClient) -> None:
        with pytest.raises(ServiceError) as error:
            await client.review(ReviewRequest(cells=notebook(*["x" * 190_000] * 3)))
        assert (error.value.status, error.value.error) == (413, "notebook_too_large")

    async def test_more_cells_than_a_review_reads_are_refused(self, app: FastAPI) -> None:
        cells = [{"id": f"c{number}", "kind": "code", "source": "x = 1"} for number in range(10_000)]
        async with in_process_client(app, "gateway") as http:
            response: httpx.Response = await http.post("/reviews", json={"cells": cells})
        assert (response.status_code, response.json()["error"]) == (422, "invalid_request")
        assert "cells" in response.json()["detail"]
        assert "1000" in response.json()["detail"]

    async def test_one_line_of_a_megabyte_is_refused(self, app: FastAPI) -> None:
        cells = [{"id": "c", "kind": "code", "source": f"x = '{'a' * 1_000_000}'"}]
        async with in_process_client(app, "gateway") as http:
            response: httpx.Response = await http.post("/reviews", json={"cells": cells})
        assert (response.status_code, response.json()["error"]) == (422, "invalid_request")
        assert "200000" in response.json()["detail"]

    async def test_a_body_that_is_no_request_is_said_so(self, app: FastAPI) -> None:
        async with in_process_client(app, "gateway") as http:
            response: httpx.Response = await http.post("/reviews", json={"cells": "all"})
        assert (response.status_code, response.json()["error"]) == (422, "invalid_request")
