"""What syntax tells about a module's names: where imports come from and which names surely hold a table."""

import ast
from collections import defaultdict
from collections.abc import Iterator

FRAME_MAKERS = frozenset({"DataFrame", "concat", "get_dummies", "json_normalize", "merge", "merge_asof", "pivot_table"})
FRAME_METHODS = frozenset(
    {"assign", "astype", "bfill", "convert_dtypes", "copy", "drop", "drop_duplicates", "dropna", "explode", "ffill"}
    | {"fillna", "filter", "head", "infer_objects", "join", "melt", "merge", "pivot", "pivot_table", "query", "rename"}
    | {"replace", "reset_index", "round", "sample", "select_dtypes", "set_axis", "set_index", "sort_index"}
    | {"sort_values", "tail", "tz_localize"}
)
"""DataFrame methods whose result is a DataFrame again."""
MAX_ROUNDS = 10
"""Each round follows one more assignment from name to name; nobody writes longer chains backwards."""


class Facts:
    """Facts about one module, computed once and shared by all rules."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.nodes = tuple(ast.walk(tree))
        self._imported = dict(self._imports())
        self._frames: frozenset[str] = frozenset()
        self._frames = self._find_frames()

    def dotted(self, node: ast.expr) -> str:
        """The full name of what an expression refers to, through imports: `pandas.read_csv`; empty when unknown."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._imported:
            return ""
        return ".".join([self._imported[node.id], *reversed(parts)])

    def is_frame(self, node: ast.expr) -> bool:
        """Whether the expression is surely a pandas DataFrame."""
        match node:
            case ast.Name(id=name):
                return name in self._frames
            case ast.Subscript(value=value, slice=ast.List() | ast.Compare()):
                return self.is_frame(value)
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in FRAME_METHODS:
                return self.is_frame(value) or self._makes_frame(node)
            case ast.Call():
                return self._makes_frame(node)
        return False

    def _makes_frame(self, call: ast.Call) -> bool:
        package, _, function = self.dotted(call.func).partition(".")
        return package == "pandas" and (function in FRAME_MAKERS or function.startswith("read_"))

    def _imports(self) -> Iterator[tuple[str, str]]:
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for name in node.names:
                    yield (name.asname, name.name) if name.asname else (name.name.partition(".")[0],) * 2
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for name in node.names:
                    yield name.asname or name.name, f"{node.module}.{name.name}"

    def _find_frames(self) -> frozenset[str]:
        """Names that hold a DataFrame by every assignment and parameter that binds them."""
        bound = defaultdict[str, list[ast.expr | None]](list)
        for node in self.nodes:
            for name, value in _bindings(node):
                bound[name].append(value)
        for _ in range(MAX_ROUNDS):
            before = self._frames
            self._frames = frozenset(
                name
                for name, values in bound.items()
                if all(v is not None and (self.is_frame(v) or _is_frame_annotation(v)) for v in values)
            )
            if self._frames == before:
                break
        return self._frames


def _bindings(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """Names the node binds and the expression (or annotation) that says what to; None: nobody knows what."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, value
                elif isinstance(target, ast.Tuple | ast.List | ast.Starred):
                    yield from ((n.id, None) for n in ast.walk(target) if isinstance(n, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            yield name, value or annotation
        case ast.arg(arg=name, annotation=annotation):
            yield name, annotation or (ast.Name("DataFrame") if name == "df" else None)
        case ast.For(target=target) | ast.AsyncFor(target=target) | ast.comprehension(target=target):
            yield from ((n.id, None) for n in ast.walk(target) if isinstance(n, ast.Name))
        case ast.withitem(optional_vars=ast.Name(id=name)) | ast.NamedExpr(target=ast.Name(id=name)):
            yield name, None


def _is_frame_annotation(node: ast.expr) -> bool:
    match node:
        case ast.Name(id="DataFrame") | ast.Attribute(value=ast.Name(), attr="DataFrame"):
            return True
        case ast.Constant(value=str(text)):
            return text in {"DataFrame", "pd.DataFrame"}
    return False


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    """The value of the first of these keyword arguments that the call has."""
    return next((k.value for k in call.keywords if k.arg in names), None)


def has_unpacking(call: ast.Call) -> bool:
    """Whether arguments come from `*…` or `**…`, so that nobody can say which are missing."""
    return any(k.arg is None for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args)


def root_name(node: ast.expr) -> str | None:
    """The name at the bottom of `name[…].attr.method(…)[…]`."""
    while True:
        match node:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Call(func=inner):
                node = inner
            case _:
                return None
