"""Values of NumPy, pandas and scikit-learn objects, made where they are made for learners."""

from typing import Any

import pytest

from services.contracts.limits import Limits
from services.contracts.observation import CheckCode, CodeCell, Observation, Probe, RunFinished, RunRequest
from services.runner.service import Runner

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
SETUP = """
import numpy as np, pandas as pd
rng = np.random.default_rng(0)
n = 1_000
df = pd.DataFrame({"id": np.arange(n), "city": rng.choice(list("abc"), n), "v": rng.normal(size=n),
                   "when": pd.date_range("2026-01-01", periods=n, freq="h"), "flag": rng.random(n) > .5})
df.loc[::17, "v"] = np.nan
df.loc[::19, "city"] = None
"""


async def values(runner: Runner, **expressions: str) -> dict[str, Any]:
    """The value of each expression, by its name."""
    source = SETUP + "\n".join(f"{name} = {expression}" for name, expression in expressions.items())
    request = RunRequest(
        environment="tables",
        imports=("numpy", "pandas", "sklearn.linear_model", "sklearn.pipeline", "sklearn.preprocessing"),
        cells=(CodeCell(id="c", source=source),),
        probes=tuple(Probe(id=name, name=name) for name in expressions),
        limits=Limits(memory_mb=2_048),
    )
    last = [event async for event in runner.run(request)][-1]
    assert isinstance(last, RunFinished), last
    observation: Observation = last.observation
    assert observation.cells[0].status == "ok", observation.cells[0].error
    return {probe.id: probe.value for probe in observation.probes}


def hashes(value: dict[str, Any], form: str) -> list[str]:
    found: list[str] = value["hash"][form]
    assert all(found)
    return found


async def test_a_frame_has_its_facts(runner: Runner) -> None:
    frame = (await values(runner, df="df"))["df"]
    assert frame["kind"] == "frame"
    assert frame["shape"] == [1_000, 5]
    assert frame["columns"] == ["id", "city", "v", "when", "flag"]
    assert [column["family"] for column in frame["data"]] == ["int", "text", "float", "time", "bool"]
    assert [column["nulls"] for column in frame["data"]] == [0, 53, 59, 0, 0]
    assert frame["data"][1]["distinct"] == 3
    assert frame["index"]["default"]
    assert frame["index"]["type"] == "RangeIndex"
    assert "values" not in frame["data"][0]
    numbers = frame["data"][0]
    assert (numbers["min"], numbers["max"], numbers["mean"], numbers["sum"]) == (0.0, 999.0, 499.5, 499500.0)
    assert len(numbers["quantiles"]) == 17
    assert numbers["sample"] == [[position, position] for position, _ in numbers["sample"]]
    assert len(numbers["sample"]) == 16


async def test_a_short_frame_holds_all_its_elements(runner: Runner) -> None:
    frame = (await values(runner, short="df.head(3)"))["short"]
    assert frame["data"][0]["values"] == [0, 1, 2]
    assert frame["data"][1]["values"][0] is None
    assert frame["data"][2]["values"][0] is None
    assert frame["data"][3]["values"][0].startswith("2026-01-01T00:00:00")


async def test_hashes_of_frames_ignore_columns_order_and_rows_order_where_they_say_so(runner: Runner) -> None:
    seen = await values(
        runner,
        plain="df",
        columns="df[['flag', 'v', 'id', 'when', 'city']]",
        rows="df.sample(frac=1, random_state=1)",
        noise="df.assign(v=df.v * (1 + 1e-15))",
        paired="df.assign(v=df.v.sample(frac=1, random_state=2).to_numpy())",
        changed="df.assign(v=df.v.where(df.id != 5, 99.0))",
        renamed="df.rename(columns={'v': 'w'})",
        indexed="df.set_index(df.id + 7)",
    )
    plain = seen["plain"]
    assert hashes(seen["columns"], "ordered") == hashes(plain, "ordered")
    assert hashes(seen["rows"], "ordered") != hashes(plain, "ordered")
    assert hashes(seen["rows"], "unordered") == hashes(plain, "unordered")
    assert any(a == b for a, b in zip(hashes(seen["noise"], "ordered"), hashes(plain, "ordered"), strict=True))
    for other in ("paired", "changed", "renamed"):
        assert not set(hashes(seen[other], "unordered")) & set(hashes(plain, "unordered"))
    assert hashes(seen["indexed"], "ordered") == hashes(plain, "ordered")
    assert seen["indexed"]["index"]["hash"] != plain["index"]["hash"]
    assert not seen["indexed"]["index"]["default"]


async def test_the_mix_tells_rows_whose_columns_were_paired_anew(runner: Runner) -> None:
    seen = await values(
        runner,
        plain="df",
        rows="df.sample(frac=1, random_state=1)",
        paired="df.assign(v=df.v.sample(frac=1, random_state=2).to_numpy())",
    )
    assert seen["rows"]["mix"] == pytest.approx(seen["plain"]["mix"], abs=1e-6)
    assert seen["paired"]["mix"] != pytest.approx(seen["plain"]["mix"], abs=1e-3)
    assert [c.get("quantiles") for c in seen["paired"]["data"]] == [c.get("quantiles") for c in seen["plain"]["data"]]


async def test_numbers_hash_by_value_whatever_holds_them(runner: Runner) -> None:
    seen = await values(
        runner,
        ints="pd.Series([1, 2])",
        floats="pd.Series([1.0, 2.0])",
        nullable="pd.Series([1, 2], dtype='Int64')",
        objects="pd.Series([1, 2], dtype=object)",
        small="np.array([1, 2], dtype='int8')",
        other="pd.Series([1, 3])",
        bools="pd.Series([True, False])",
    )
    reference = hashes(seen["ints"], "ordered")
    for name in ("floats", "nullable", "objects", "small"):
        assert hashes(seen[name], "ordered") == reference, name
    assert hashes(seen["other"], "ordered") != reference
    assert [seen[n]["family"] for n in ("ints", "floats", "nullable", "objects", "bools")] == [
        "int", "float", "int", "int", "bool",
    ]  # fmt: skip


async def test_series_pair_their_labels_with_their_elements(runner: Runner) -> None:
    seen = await values(
        runner,
        plain="pd.Series([1.5, 2.5, None], index=['a', 'b', 'c'], name='x')",
        turned="pd.Series([2.5, None, 1.5], index=['b', 'c', 'a'])",
        swapped="pd.Series([2.5, 1.5, None], index=['a', 'b', 'c'])",
        grouped="df.groupby(['city', 'flag']).v.mean()",
        labels="pd.Series(pd.Categorical(['u', 'v', 'u']))",
        zoned="pd.Series(pd.date_range('2026', periods=2, tz='Europe/Berlin'))",
        spans="pd.Series([pd.Timedelta('1h'), None])",
        mixed="pd.Series([1, 'a', [2]])",
    )
    plain = seen["plain"]
    assert (plain["kind"], plain["name"], plain["values"], plain["nulls"]) == ("series", "x", [1.5, 2.5, None], 1)
    assert seen["turned"]["pairs"]["unordered"] == plain["pairs"]["unordered"]
    assert seen["swapped"]["pairs"]["unordered"] != plain["pairs"]["unordered"]
    assert hashes(seen["swapped"], "unordered") == hashes(plain, "unordered")
    assert (seen["grouped"]["index"]["levels"], seen["grouped"]["index"]["names"]) == (2, ["city", "flag"])
    assert [seen[n]["family"] for n in ("labels", "zoned", "spans", "mixed")] == [
        "category", "time", "duration", "object",
    ]  # fmt: skip
    assert seen["labels"]["values"] == ["u", "v", "u"]
    assert seen["spans"]["values"] == ["PT3600.0S", None]
    assert seen["mixed"]["hash"]["ordered"] == [None, None]
    assert seen["mixed"]["values"] == [1, "a", {"o": "list"}]


async def test_arrays_scalars_and_indexes(runner: Runner) -> None:
    seen = await values(
        runner,
        matrix="np.array([[1, 2], [3, 4.5]])",
        turned="np.array([[3, 4.5], [1, 2]])",
        odd="np.array([np.nan, np.inf, 1])",
        empty="np.array([])",
        number="np.float32(0.5)",
        flag="np.bool_(True)",
        when="pd.Timestamp('2026-01-02')",
        none="pd.NaT",
        index="pd.Index([3, 1])",
        frame="pd.DataFrame()",
        levels="pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([('a', 1), ('a', 2)]))",
    )
    assert (seen["matrix"]["shape"], seen["matrix"]["values"]) == ([2, 2], [1.0, 2.0, 3.0, 4.5])
    assert seen["turned"]["rows"]["unordered"] == seen["matrix"]["rows"]["unordered"]
    assert seen["turned"]["rows"]["ordered"] != seen["matrix"]["rows"]["ordered"]
    assert (seen["odd"]["nulls"], seen["odd"]["mean"], seen["odd"]["values"]) == (1, 1.0, [None, {"f": "inf"}, 1.0])
    assert seen["empty"]["length"] == 0
    assert (seen["number"]["type"], seen["number"]["value"]) == ("numpy.float32", 0.5)
    assert (seen["flag"]["family"], seen["flag"]["value"]) == ("bool", True)
    assert (seen["when"]["family"], seen["when"]["value"]) == ("time", "2026-01-02T00:00:00")
    assert (seen["none"]["family"], seen["none"]["value"]) == ("none", None)
    assert (seen["index"]["kind"], seen["index"]["sorted"]) == ("index", "decreasing")
    assert seen["frame"]["shape"] == [0, 0]
    assert (seen["levels"]["columns"], seen["levels"]["levels"]) == ([{"t": ["a", 1]}, {"t": ["a", 2]}], 2)


async def test_models_show_parameters_and_what_they_learned(runner: Runner) -> None:
    seen = await values(
        runner,
        make="__import__('sklearn.pipeline').pipeline.make_pipeline",
        linear="__import__('sklearn.linear_model').linear_model.Ridge(alpha=2.0)",
        scaled="__import__('sklearn.preprocessing').preprocessing.StandardScaler()",
        fitted="make(scaled, linear).fit(df[['id']], df.id * 2)",
        bare="__import__('sklearn.linear_model').linear_model.Ridge()",
    )
    bare, fitted = seen["bare"], seen["fitted"]
    assert (bare["kind"], bare["class"], bare["is_fitted"]) == ("model", "sklearn.linear_model.Ridge", False)
    assert bare["params"]["alpha"]["value"] == 1.0
    assert fitted["class"] == "sklearn.pipeline.Pipeline"
    steps = fitted["params"]["steps"]["items"]
    ridge = steps[1]["items"][1]
    assert ridge["params"]["alpha"]["value"] == 2.0
    assert ridge["fitted"]["coef_"]["kind"] == "array"
    assert ridge["is_fitted"]


THINGS = {
    "frame": "pd.DataFrame({'n': [1.0, None, 3.0], 't': ['a', 'b', None], 'c': pd.Categorical(list('aba'))})",
    "odd_frame": "frame.assign(o=[always, 1, 2])",
    "odd_column_name": "frame.rename(columns={'n': Always})",
    "odd_where_nothing_is_shown": "pd.DataFrame({'o': [1] * 999 + [always]}, dtype=object)",
    "odd_all_over": "pd.DataFrame({'o': [always] * 1_000})",
    "nullable": "frame.assign(i=pd.array([1, None, 2], dtype='Int64'), b=pd.array([True, None, False]))",
    "times": "pd.Series(pd.date_range('2026-01-01', periods=3, tz='Europe/Berlin'))",
    "periods": "pd.Series(pd.period_range('2026-01', periods=3, freq='M'))",
    "series": "frame['t']",
    "odd_series_name": "pd.Series([1], name=Always)",
    "odd_labels": "pd.Series([1, 2], index=pd.Index([always, 1], dtype=object))",
    "index": "frame.columns",
    "levels": "frame.set_index(['t', 'c']).index",
    "odd_level": "pd.MultiIndex.from_arrays([[1, 2], pd.Index([always, 1], dtype=object)])",
    "tables_in_a_list": "[frame, series, np.arange(3)]",
    "odd_array_in_a_list": "[np.array([always], dtype=object)]",
    "no_time": "pd.NaT",
    "timestamp": "pd.Timestamp('2026-01-01')",
    "ridge": "Ridge().fit([[0.0], [1.0]], [0.0, 1.0])",
    "pipeline": "Pipeline([('a', ridge)])",
    "odd_model": "Ridge(alpha=always)",
    "pipeline_of_odd_ones": "Pipeline([('a', odd_model)])",
    "model_with_a_class": "Ridge(alpha=Always)",
    "broken": "pd.Series([1])",
}
SPOILED = "broken._mgr = None"
"""A table that cannot be described any more."""


async def test_outlines_of_operands_agree_with_their_values(runner: Runner) -> None:
    cells = (
        "import numpy as np, pandas as pd",
        "from sklearn.linear_model import Ridge\nfrom sklearn.pipeline import Pipeline",
        "class Always:\n    def __eq__(self, other): return True\n    __hash__ = object.__hash__\nalways = Always()",
        *(f"{name} = {expression}" for name, expression in THINGS.items()),
        SPOILED,
    )
    source = "\n".join(f"assert {name} is not None" for name in THINGS)
    request = RunRequest(
        environment="tables",
        imports=("numpy", "pandas", "sklearn.linear_model", "sklearn.pipeline", "sklearn.preprocessing"),
        cells=tuple(CodeCell(id=str(number), source=cell) for number, cell in enumerate(cells)),
        checks=(
            CheckCode(id="values", source=source),
            CheckCode(id="outlines", source=source, operands="outlines"),
        ),
        limits=Limits(memory_mb=2_048),
    )
    last = [event async for event in runner.run(request)][-1]
    assert isinstance(last, RunFinished), last
    assert [cell.error for cell in last.observation.cells if cell.error] == []
    values, outlines = last.observation.checks
    assert len(values.operands) == len(outlines.operands) == len(THINGS)
    odd = set()
    for name, whole, outline in zip(THINGS, values.operands, outlines.operands, strict=True):
        judged = ("kind", "class", *(("type", "family") if whole.left["kind"] in ("scalar", "other") else ()))
        told = {key: whole.left[key] for key in judged if key in whole.left}
        assert {key: outline.left[key] for key in told} == told, name
        assert outline.left.keys() <= {*told, "shape", "length", "value", "foreign", "module", "bases"}, name
        shown = outline.left["kind"] == "other" or outline.left.get("foreign", False)
        assert shown == _foreign(whole.left), name
        odd |= {name} if shown else set()
    assert {"odd_frame", "odd_model", "odd_level", "odd_all_over", "broken"} <= odd
    assert not {"frame", "series", "levels", "pipeline", "odd_where_nothing_is_shown"} & odd


def _foreign(value: Any) -> bool:
    """Whether a whole Value shows anything that the runner does not look into."""
    if isinstance(value, dict):
        return value.get("kind") == "other" or "o" in value or any(map(_foreign, value.values()))
    return isinstance(value, list) and any(map(_foreign, value))
