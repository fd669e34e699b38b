"""Whether a module pins the state that random numbers come from."""

from linting.rules.facts import Facts


def seeds_numpy(facts: Facts) -> bool:
    """Whether NumPy's global state is seeded, which pandas and scikit-learn fall back on."""
    return any(True for _ in facts.calls_of("numpy.random.seed")) or seeds_all(facts)


def seeds_all(facts: Facts) -> bool:
    """Whether some function of the code's own or of a framework is called to seed everything: `seed_everything(0)`."""
    return any(
        "seed" in facts.name_of(call).lower() and not facts.dotted(call.func).startswith(("numpy.", "random."))
        for call in facts.calls
    )
