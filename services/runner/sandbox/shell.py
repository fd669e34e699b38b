"""What IPython gives a notebook: `get_ipython`, magics and `display`, as far as a check needs them."""

import builtins
from typing import Any, NoReturn

_IGNORED = frozenset(
    {"matplotlib", "config", "load_ext", "reload_ext", "autoreload", "precision", "capture", "who", "whos"}
    | {"pinfo", "pinfo2", "psource", "pdoc", "pdef", "xmode", "colors", "pprint", "doctest_mode"}
)
_TIMERS = frozenset({"time", "timeit", "prun"})
_SHOWN_ONLY = frozenset({"html", "HTML", "javascript", "js", "markdown", "latex", "svg", "SVG"})
_RUNS_BODY = frozenset({"time", "timeit", "capture", "prun"})
_INSTALLERS = frozenset({"pip", "conda", "mamba", "uv"})


class UsageError(Exception):
    """A magic or shell command that does not run here."""


def refuse_magic(name: str) -> NoReturn:
    """Raise UsageError for a magic that is not harmless."""
    if name in _INSTALLERS:
        raise UsageError(f"%{name}: packages cannot be installed while a notebook is checked. Remove this line.")
    raise UsageError(f"%{name}: this magic does not run while a notebook is checked. Remove this line.")


def refuse_shell() -> NoReturn:
    """Raise UsageError for `!command`."""
    raise UsageError("Shell commands (!) do not run while a notebook is checked. Remove this line.")


def body_of_cell_magic(source: str) -> str:
    """The source of a cell with a leading `%%magic` line turned into a comment, so that line numbers stay.

    Raises UsageError for a magic that is not harmless. A cell that is only shown (`%%html`) has no body.
    """
    lines = source.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None or not lines[first].startswith("%%"):
        return source
    name = lines[first][2:].split(" ")[0].strip()
    if name in _SHOWN_ONLY:
        return ""
    if name in ("!", "sx", "bash", "sh", "script", "system"):
        refuse_shell()
    if name not in _RUNS_BODY:
        refuse_magic("%" + name)
    return "\n".join([*lines[:first], "#", *lines[first + 1 :]])


class Shell:
    """Stands for IPython's shell; its methods are what the input transformer writes into the code."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.user_ns = namespace

    def run_line_magic(self, name: str, line: str = "", *_: Any, **__: Any) -> Any:
        """`%name line`."""
        if name in _TIMERS:
            exec(line.removeprefix("-"), self.user_ns)  # noqa: S102 - the learner's own statement, in the sandbox
            return None
        if name in ("sx", "system"):
            refuse_shell()
        return None if name in _IGNORED else refuse_magic(name)

    magic = run_line_magic

    def run_cell_magic(self, name: str, line: str, cell: str) -> Any:
        """`%%name` that was not at the top of its cell."""
        body = body_of_cell_magic(f"%%{name} {line}\n{cell}")
        exec(body, self.user_ns)  # noqa: S102 - the learner's own cell, in the sandbox

    def system(self, _: str) -> NoReturn:
        """`!command`."""
        refuse_shell()

    def getoutput(self, _: str) -> NoReturn:
        """`x = !command`."""
        refuse_shell()

    def set_next_input(self, *_: Any, **__: Any) -> None:
        """`function?` offers code for the next cell: there is none."""


def display(*objects: Any, **_: Any) -> None:
    """Print each object, as a text front end would show it."""
    for shown in objects:
        print(shown)  # noqa: T201 - this is what display means without a browser


def install(namespace: dict[str, Any]) -> None:
    """Make `get_ipython` and `display` what a notebook expects, also when imported from IPython."""
    shell = Shell(namespace)

    def get_ipython() -> Shell:
        return shell

    for name, value in (("get_ipython", get_ipython), ("display", display)):
        setattr(builtins, name, value)
    try:
        import IPython
        import IPython.core.getipython
        import IPython.display
    except ImportError:
        return
    for module in (IPython, IPython.core.getipython):
        vars(module)["get_ipython"] = get_ipython
    vars(IPython.display).update(display=display, display_html=display)
