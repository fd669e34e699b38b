"""Code that replaces what checks rely on, and objects that lie."""

from collections.abc import Awaitable, Callable

import pytest

from services.contracts.observation import Observation

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
Attack = Callable[..., Awaitable[Observation]]
ALWAYS = "class Always(int):\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n"
ALWAYS += (
    "    __lt__ = __le__ = __gt__ = __ge__ = __eq__\n    __hash__ = int.__hash__\n    def __bool__(self): return True\n"
)


@pytest.mark.parametrize(
    "source",
    [
        "import builtins\nfor n in ('len', 'sum', 'isinstance', 'abs', 'all', 'sorted', 'round', 'range', 'set'):\n"
        "    setattr(builtins, n, lambda *a, **k: 42)",
        "len = sum = abs = all = sorted = round = isinstance = lambda *a, **k: True",
        "__builtins__.AssertionError = SyntaxWarning\n__builtins__.len = lambda x: 42",
        "import numpy as np\nnp.allclose = np.isclose = np.array_equal = lambda *a, **k: True",
        "import numpy as np\nnp.allclose._implementation.__code__ = (lambda *a, **k: True).__code__",
        "import numpy.testing, pandas.testing\nok = lambda *a, **k: None\n"
        "numpy.testing.assert_allclose = numpy.testing.assert_equal = pandas.testing.assert_frame_equal = ok",
        "import numpy.testing as n, pandas.testing as p\nfor f in (n.assert_allclose, p.assert_frame_equal):\n"
        "    f.__code__ = (lambda *a, **k: None).__code__",
        "import math, operator\nmath.isclose = operator.eq = lambda *a, **k: True",
        "import sys, types\nfor n in ('numpy', 'math', 'pandas', 'numpy.testing'):\n"
        "    sys.modules[n] = type('M', (types.ModuleType,), {'__getattr__': lambda s, n: lambda *a, **k: True})(n)",
        "import pandas as pd\npd.DataFrame.equals = pd.Series.equals = lambda *a: True\n"
        "pd.DataFrame.shape = property(lambda s: (42, 42))",
        "import json\njson.dumps = json.loads = lambda *a, **k: '{}'",
        "from IPython.core.interactiveshell import InteractiveShell as shell\n"
        "shell.showtraceback = shell.showsyntaxerror = lambda *a, **k: None\n"
        "import sys\nsys.excepthook = lambda *a: None",
        "import sys\nsys.path.insert(0, '.')\nopen('math.py', 'w').write('isclose = lambda *a: True')\n"
        "sys.modules.pop('math')",
        "import base64, binascii, marshal\nmarshal.loads = lambda *a, **k: compile('', 'x', 'exec')\n"
        "base64.b64decode = binascii.a2b_base64 = lambda *a, **k: marshal.dumps(compile('', 'x', 'exec'))",
        "import sys\nfor n, m in list(sys.modules.items()):\n"
        "    if 'caseloop' in n:\n        for k in vars(m):\n            if not k.startswith('__'): vars(m)[k] = None",
    ],
    ids=[
        "builtins", "shadowed names",
        "assertion error", "numpy functions", "numpy code", "testing functions",
        "testing code",
        "math", "fake modules", "pandas classes", "json", "hidden tracebacks",
        "module on the path", "compiled code", "the sandbox's own code",
    ],
)  # fmt: skip
@pytest.mark.parametrize("may_share", [True, False], ids=["case's", "others"])
async def test_a_wrong_answer_stays_wrong_whatever_was_replaced(attack: Attack, source: str, may_share: bool) -> None:
    seen = await attack(
        "import pandas as pd\nans = 7\ntable = pd.DataFrame({'a': [1, 2]})",
        source,
        checks=(
            "assert ans == 42",
            "assert len([ans]) == 2",
            "import math\nassert math.isclose(ans, 42)",
            "import numpy as np\nassert np.allclose([ans], [42])",
            "import numpy as np\nnp.testing.assert_allclose([ans], [42])",
            "import pandas as pd\npd.testing.assert_frame_equal(table, pd.DataFrame({'a': [1, 3]}))",
            "import pandas as pd\nassert table.equals(pd.DataFrame({'a': [1, 3]}))",
        ),
        probes=("table",),
        may_share=may_share,
    )
    assert "passed" not in [check.status for check in seen.checks], [c.status for c in seen.checks]
    value = seen.probes[0].value
    assert value is None or value["shape"] == [2, 1]


async def test_right_answers_pass_after_harmless_names_shadow_builtins(attack: Attack) -> None:
    seen = await attack(
        "list = [1, 2, 3]\nsum = 6\nmax = 3\nans = sum",
        checks=("assert ans == sum([1, 2, 3])", "assert max(list('abc')) == 'c'", "assert len(list((1, 2))) == 2"),
    )
    assert [check.status for check in seen.checks] == ["passed"] * 3


@pytest.mark.parametrize("operands", ["values", "outlines"])
async def test_an_object_equal_to_everything_shows_what_it_is(attack: Attack, operands: str) -> None:
    seen = await attack(
        ALWAYS + "ans = Always(7)",
        checks=("assert ans == 42", "assert ans", "assert 41 < ans < 43", "assert isinstance(ans, int)"),
        operands=operands,
    )
    assert all(check.status == "passed" for check in seen.checks)
    for check in seen.checks:
        assert check.operands
        assert "other" in {operand.left["kind"] for operand in check.operands} | {
            operand.right["kind"] for operand in check.operands
        }
    value = seen.probes[0].value
    assert value is not None
    assert (value["kind"], value["type"], value["bases"][0]) == ("other", "Always", "int")


async def test_such_an_object_within_another_shows_in_an_outline(attack: Attack) -> None:
    seen = await attack(
        f"import pandas as pd\n{ALWAYS}ans = [1, Always(7)]\ntable = pd.DataFrame({{'a': [Always(7), 1]}})",
        checks=("assert ans == [1, 42]", "assert len(table) and table is not None", "assert {'a': ans} == {'a': ans}"),
        operands="outlines",
    )
    assert [check.status for check in seen.checks] == ["passed"] * 3
    assert all(check.operands[-1].left["foreign"] for check in seen.checks)


async def test_no_method_of_a_learners_class_is_called_to_describe_it(attack: Attack) -> None:
    seen = await attack(
        "import pandas as pd, numpy as np\ncalls = []\n"
        "class Table(pd.DataFrame):\n    @property\n    def shape(self): calls.append('shape'); return (42, 42)\n"
        "class Meta(type):\n    def __instancecheck__(c, i): calls.append('check'); return True\n"
        "    __name__ = 'int'\n"
        "class Any(metaclass=Meta):\n    def __getattribute__(s, n): calls.append(n); return lambda *a: 1\n"
        "    def __reduce__(s): return (eval, ('1/0',))\n    def __repr__(s): calls.append('repr'); return '42'\n"
        "class Fake(np.float64):\n    def __float__(s): calls.append('float'); return 42.0\n"
        "Fake.__module__, Fake.__name__ = 'numpy', 'float64'\n"
        "table, thing, fake = Table({'a': [1]}), Any(), Fake(7)\ncalls.clear()",
        probes=("table", "thing", "fake", "calls"),
    )
    assert seen.complete, seen
    kinds = [probe.value["kind"] for probe in seen.probes if probe.value]
    assert kinds == ["other", "other", "other", "list"]
    assert seen.probes[3].value is not None
    assert seen.probes[3].value["length"] == 0


async def test_names_of_the_cases_modules_are_the_real_modules_in_checks(attack: Attack) -> None:
    seen = await attack(
        "class np:\n    allclose = staticmethod(lambda *a, **k: True)\nans = 7",
        checks=("import numpy\nassert np is not numpy",),
    )
    assert seen.checks[0].status == "passed"


async def test_what_a_check_changes_is_not_seen_by_the_next(attack: Attack) -> None:
    seen = await attack(
        "state = []",
        checks=("state.append(1)\nassert state == [1]", "state.append(2)\nassert state == [2]"),
        probes=("state",),
    )
    assert [check.status for check in seen.checks] == ["passed", "passed"]
    assert seen.probes[0].value is not None
    assert seen.probes[0].value["items"] == []
