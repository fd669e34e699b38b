"""Hostile samples through feedback, chat and hints, with a model that knows the solution and obeys everybody."""
