"""Code -> findings: the style review of a notebook. Stateless; learners' code is read, never run."""
