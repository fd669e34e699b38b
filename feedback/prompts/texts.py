from functools import cache
from importlib.resources import files


@cache
def prompt(name: str) -> str:
    """The text of `feedback/prompts/<name>.md`: the stable part of a prompt, the same bytes for every learner."""
    return files("feedback.prompts").joinpath(f"{name}.md").read_text("utf-8").strip()
