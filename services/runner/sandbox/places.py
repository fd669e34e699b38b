"""What stands for a file in tracebacks of a learner's code."""

CELL, CHECK = "cell", "check"


def file_name(kind: str, name: str) -> str:
    """Of a cell or check with this id."""
    return f"<{kind} {name}>"
