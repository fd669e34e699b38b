"""bandit's tests that mean something in a notebook, and why each matters."""

from linting.explanations.entry import Entry

_XML = Entry(
    "security",
    "warning",
    "A crafted XML file can read local files or fill the memory while it is parsed; `defusedxml` cannot.",
)
_WEAK = Entry(
    "security",
    "warning",
    "The method is broken in practice: data protected with it counts as unprotected in any audit.",
)
_SHELL = Entry(
    "security",
    "warning",
    "Whatever ends up in the command (a file name, a column) is run by the shell; a list of arguments is not.",
)
_PASSWORD = Entry(
    "security",
    "advice",
    "A password in a notebook is in every copy and in version control for good; read it from the environment.",
)
_CODE = Entry(
    "security", "warning", "Whoever can change the text can run code with your rights and read everything you can read."
)
_HTML = Entry(
    "security", "warning", "Text from data reaches the page unescaped: a value can run script in a colleague's browser."
)
_TLS = Entry("security", "error", "Anybody on the network path can read and change what is sent, tokens included.")
_PICKLE = Entry(
    "security",
    "warning",
    "Loading a pickle runs code chosen by whoever wrote it. Exchange data as Parquet; load models only from sources "
    "you trust.",
)
_SILENT = Entry(
    "correctness",
    "warning",
    "The error disappears and the analysis goes on with what is left; wrong results have no traceback.",
)
_DOWNLOAD = Entry(
    "security", "warning", "What is downloaded may be another file tomorrow; a fixed revision makes runs repeatable."
)

TESTS: dict[str, Entry] = {
    "B102": _CODE,
    "B103": Entry("security", "warning", "Every account of the machine may change this file."),
    "B104": Entry("security", "warning", "The server is open to the whole network, not only to this machine."),
    "B105": _PASSWORD,
    "B106": _PASSWORD,
    "B107": _PASSWORD,
    "B110": _SILENT,
    "B112": _SILENT,
    "B113": Entry(
        "correctness",
        "warning",
        "Without a time limit a silent server stops the notebook, and every nightly run, for ever.",
    ),
    "B202": Entry(
        "security", "warning", "An archive may hold paths like `../../.bashrc` and overwrite files outside its folder."
    ),
    "B301": _PICKLE,
    "B302": _PICKLE,
    "B306": Entry("security", "warning", "Between making the name and opening it somebody else may put a file there."),
    "B307": _CODE,
    "B310": Entry(
        "security", "warning", "The address may be `file://…`: then local files are read instead of the web."
    ),
    "B312": _TLS,
    "B313": _XML,
    "B314": _XML,
    "B315": _XML,
    "B316": _XML,
    "B317": _XML,
    "B318": _XML,
    "B319": _XML,
    "B321": _TLS,
    "B323": _TLS,
    "B324": _WEAK,
    "B303": _WEAK,
    "B304": _WEAK,
    "B305": _WEAK,
    "B501": _TLS,
    "B502": _TLS,
    "B503": _TLS,
    "B504": _TLS,
    "B505": _WEAK,
    "B506": Entry(
        "security",
        "warning",
        "This loader builds any Python object a YAML file asks for; `yaml.safe_load` reads data only.",
    ),
    "B507": _TLS,
    "B601": _SHELL,
    "B602": _SHELL,
    "B604": _SHELL,
    "B605": _SHELL,
    "B608": Entry(
        "security",
        "warning",
        "A value with a quote in it changes the query: it fails at best and deletes at worst. Parameters cannot.",
    ),
    "B609": _SHELL,
    "B613": Entry(
        "security", "error", "The text reads differently from what Python runs: invisible characters reverse its order."
    ),
    "B614": _PICKLE,
    "B615": _DOWNLOAD,
    "B701": _HTML,
    "B702": _HTML,
    "B703": _HTML,
    "B704": _HTML,
}
"""The tests that run. Left out: `assert` (checks are asserts), `random` (not used for secrets here), bare imports of
subprocess or pickle, and frameworks nobody starts from a notebook."""

CALLS: dict[str, tuple[str, str]] = {
    "B301": ("pickle", "b301-pickle"),
    "B302": ("marshal", "b302-marshal"),
    "B303": ("md5", "b303-md5"),
    "B304": ("ciphers", "b304-b305-ciphers-and-modes"),
    "B305": ("cipher-modes", "b304-b305-ciphers-and-modes"),
    "B306": ("mktemp", "b306-mktemp-q"),
    "B307": ("eval", "b307-eval"),
    "B310": ("urlopen", "b310-urllib-urlopen"),
    "B312": ("telnetlib", "b312-telnetlib"),
    "B313": ("xml-celementtree", "b313-b320-xml-bad-celementtree"),
    "B314": ("xml-elementtree", "b313-b320-xml-bad-elementtree"),
    "B315": ("xml-expatreader", "b313-b320-xml-bad-expatreader"),
    "B316": ("xml-expatbuilder", "b313-b320-xml-bad-expatbuilder"),
    "B317": ("xml-sax", "b313-b320-xml-bad-sax"),
    "B318": ("xml-minidom", "b313-b320-xml-bad-minidom"),
    "B319": ("xml-pulldom", "b313-b320-xml-bad-pulldom"),
    "B321": ("ftplib", "b321-ftplib"),
    "B323": ("unverified-context", "b323-unverified-context"),
}
"""Tests that bandit calls `blacklist`, all of them: their name and their place on the page about calls."""

_DOCUMENTATION = "https://bandit.readthedocs.io/en/latest"


def name(test: str, plugin: str) -> str:
    """The test's readable name; `plugin` is the name bandit gives."""
    return CALLS[test][0] if test in CALLS else plugin.replace("_", "-")


def url(test: str, plugin: str) -> str:
    """The test's documentation."""
    if test in CALLS:
        return f"{_DOCUMENTATION}/blacklists/blacklist_calls.html#{CALLS[test][1]}"
    page = "hashlib" if test == "B324" else plugin
    return f"{_DOCUMENTATION}/plugins/{test.lower()}_{page}.html"
