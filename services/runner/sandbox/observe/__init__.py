"""Any object -> a `Value`, plain JSON as docs/reference/values.md describes it. Never calls a learner's own class."""
