"""vulture's kinds of dead code, and why each matters."""

from linting.explanations.entry import Entry

URL = "https://github.com/jendrikseipp/vulture#readme"
KINDS: dict[str, Entry] = {
    "unreachable-code": Entry(
        "dead_code", "warning", "It can never run, yet everybody reads it, and edits to it have no effect."
    ),
    "unused-import": Entry(
        "dead_code",
        "warning",
        "Everybody who runs or packages the notebook must install it, and readers look for its use in vain.",
    ),
    "unused-variable": Entry(
        "dead_code", "advice", "A parameter or name that nobody reads suggests an effect that it does not have."
    ),
}
"""Those vulture is sure enough about to be shown."""
