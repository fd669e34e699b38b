"""What an instrumented program calls. Stands alone: its source goes into the sandbox, before the program."""

MAX_VALUES = 60
"""Values kept of one variable."""
MAX_TEXT = 60


class Recorder:
    """What an instrumented program calls. Keeps plain values only, and no more of them than `MAX_VALUES`."""

    def __init__(self) -> None:
        self.seen: dict[str, list[str]] = {}

    def __call__(self, function: str, name: str, value: object) -> None:
        """A variable of a function has this value now."""
        kept = self.seen.setdefault(f"{function}.{name}", [])
        if len(kept) < MAX_VALUES:
            kept.append(_plain(value, 2))


def _plain(value: object, depth: int) -> str:
    """The value as text without calling anything of its own."""
    kind = type(value)
    if kind in (int, float, bool, str, type(None)):
        if kind is int and not -(10**18) < value < 10**18:  # type: ignore[operator]
            return "int"
        return repr(value)[:MAX_TEXT]
    if kind in (list, tuple) and depth:
        inner = ",".join(_plain(item, depth - 1) for item in value[:8])  # type: ignore[index]
        return f"[{inner}]"[:MAX_TEXT]
    return kind.__name__
