"""What code may not do, with every exception and its reason."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

LEARNERS_CODE = {
    # Running learners' code and the case's checks is what the sandboxed process is for.
    Path("services/runner/sandbox/cells.py"): {"eval"},
    # A check arrives as code that the runner has compiled.
    Path("services/runner/sandbox/questions.py"): {"exec", "marshal.loads"},
    Path("services/runner/sandbox/shell.py"): {"exec"},
    # our own code, to have the imports of a check loaded
    Path("services/runner/sandbox/warmup.py"): {"exec"},
    # candidates for repairs, many in one run: its source is sent into the sandbox, and nothing calls it outside
    Path("feedback/repair/sieve.py"): {"exec"},
}
OTHERS = {
    # a loader derived from SafeLoader, which refuses more
    Path("case_uploader/format/yaml_file.py"): {"yaml.load"},
    # what a check is measured against: the same cells in a bare process
    Path("benchmarks/bare_cells.py"): {"exec"},
    # runs candidates for repairs in a forked, limited process
    Path("benchmarks/quick_trials.py"): {"exec", "eval"},
    # in containers of a test, in the places of Vault and MinIO: read what they have written themselves, and the command
    # that asks Vault in its own container looks at no certificate, as Vault's is told to
    Path("tests/docker/stand_ins/minio.py"): {"pickle.load"},
    Path("tests/docker/stand_ins/vault.py"): {"pickle.loads", "CERT_NONE"},
    # runs checks in the test's own process to learn what they compare
    Path("tests/unit/feedback/conftest.py"): {"exec"},
    # run programs that these tests hold themselves
    Path("tests/unit/feedback/test_repair_cells.py"): {"exec"},
    Path("tests/unit/feedback/test_repair_unreadable.py"): {"exec"},
    Path("tests/unit/runner/test_runner_asserts.py"): {"exec"},
    Path("tests/unit/runner/test_runner_compiled.py"): {"exec", "marshal.loads"},
    Path("tests/unit/runner/test_runner_memory.py"): {"exec"},
}
ALLOWED = {**LEARNERS_CODE, **OTHERS}
UNPICKLING = {
    f"{module}.{call}" for module in ("pickle", "marshal", "dill", "cloudpickle") for call in ("load", "loads")
}
FORBIDDEN_CALLS = UNPICKLING | {
    "eval",
    "exec",
    "os.popen",
    "os.system",
    "joblib.load",
    "yaml.load",
    "yaml.unsafe_load",
    "ssl._create_unverified_context",
}
FORBIDDEN_ARGUMENTS = {("verify", False), ("shell", True), ("check_hostname", False), ("allow_pickle", True)}
MODES = {"embedded", "production"}


def test_nothing_dangerous_is_called_but_where_it_is_the_purpose(modules: Mapping[Path, ast.Module]) -> None:
    found = {(path, name) for path, tree in modules.items() for name in _dangers(tree)}
    assert found == {(path, name) for path, names in ALLOWED.items() for name in names}


def test_services_read_python_where_other_threads_cannot_spoil_it(modules: Mapping[Path, ast.Module]) -> None:
    # processes of their own, with one thread each that reads
    alone = {Path("linting/worker/jobs.py"), *(path for path in LEARNERS_CODE if "sandbox" in path.parts)}
    parse = {
        path
        for path, tree in modules.items()
        if path.parts[0] not in {"tests", "benchmarks", "docs"}
        and any(isinstance(node, ast.Call) and ast.unparse(node.func) == "ast.parse" for node in ast.walk(tree))
    }
    assert parse - alone == {Path("services/kit/syntax.py")}


def _dangers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := ast.unparse(node.func)) in FORBIDDEN_CALLS:
            yield name
        if isinstance(node, ast.keyword) and (node.arg, _constant(node.value)) in FORBIDDEN_ARGUMENTS:
            yield f"{node.arg}={_constant(node.value)}"
        if isinstance(node, ast.Attribute) and node.attr in ("CERT_NONE", "CERT_OPTIONAL"):
            yield node.attr
        if isinstance(node, ast.Assign) and _constant(node.value) is False:
            yield from (t.attr for t in node.targets if isinstance(t, ast.Attribute) and t.attr == "check_hostname")


def _constant(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def test_the_mode_is_decided_on_in_wiring_and_in_the_hubs_configuration_only(
    product: Mapping[Path, ast.Module],
) -> None:
    deciding = {path for path, tree in product.items() if any(_decides_on_mode(node) for node in ast.walk(tree))}
    assert deciding
    assert [str(p) for p in deciding if p.name != "wiring.py" and p.parts[:2] != ("infra", "hub")] == []


def _decides_on_mode(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
    elif isinstance(node, ast.MatchValue):
        sides = [node.value]
    else:
        return False
    return any(_constant(side) in MODES for side in sides)


def test_only_commands_print(product: Mapping[Path, ast.Module]) -> None:
    # Set-up runs before anything is installed; `display` prints what a learner displays.
    speakers = {Path("infra/set_up.py"), Path("services/runner/sandbox/shell.py")}
    assert {path for path, tree in product.items() if any(_prints(node) for node in ast.walk(tree))} == speakers


def _prints(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
