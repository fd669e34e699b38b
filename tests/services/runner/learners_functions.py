"""Functions as learners write them, each to be called as `f`."""

KEEP_NOTHING = {
    "plain": """
def f(x):
    return 2 * x
""",
    "lambda": """
f = lambda x, times=2: times * x
""",
    "helper": """
FACTOR = 2
def helped(x):
    return FACTOR * x
def f(x):
    return helped(x)
""",
    "errors": """
def f(x):
    try:
        return 2 * int(x)
    except ValueError:
        raise TypeError(x) from None
""",
    "local": """
def f(x):
    found = {}
    found['x'] = [y for y in (x, x)]
    return sum(found['x'])
""",
    "nested": """
def f(x):
    def twice():
        nonlocal x
        x *= 2
        return x
    return twice()
""",
    "with": """
def f(x):
    with np.errstate(all='ignore'):
        return int(np.add(x, x))
""",
    "hiding": """
def train_test_split(rows):
    return 1
def f(x):
    return train_test_split(x) * 4
""",
    "generator": """
def pairs(x):
    yield x
    yield x
def f(x):
    return sum(pairs(x))
""",
}
"""Twice what they are given."""

MAY_KEEP = {
    "cache": """
import functools
@functools.lru_cache
def f(x):
    return 1
""",
    "attribute": """
def f(x):
    f.calls += 1
    return f.calls
f.calls = 0
""",
    "in-attribute": """
def f(x):
    f.calls[0] += 1
    return f.calls[0]
f.calls = [0]
""",
    "global": """
calls = 0
def f(x):
    global calls
    calls += 1
    return calls
""",
    "closure": """
def made():
    calls = 0
    def f(x):
        nonlocal calls
        calls += 1
        return calls
    return f
f = made()
""",
    "changed": """
calls = [0]
def f(x):
    calls[0] += 1
    return calls[0]
""",
    "iterator": """
calls = iter([1, 2])
def f(x):
    return next(calls)
""",
    "default": """
def kept(x, calls=[]):
    calls.append(x)
    return len(calls)
def f(x):
    return kept(x)
""",
    "import": """
def f(x):
    import builtins
    builtins.calls = getattr(builtins, 'calls', 0) + 1
    return builtins.calls
""",
    "class": """
class Own:
    calls = 0
def f(x):
    Own.calls += 1
    return Own.calls
""",
    "keyword": """
def f(x, *, calls={}):
    calls[x] = 1 + calls.get(x, 0)
    return calls[x]
""",
    "function": """
def f(x):
    return 1
f.__code__ = f.__code__.replace(co_consts=(None, [1]))
def f(x, same=f):
    return 1
""",
}
"""1, and in most cases more at the second call."""
