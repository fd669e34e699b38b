"""Runs, samples and labels for the QA pages of the desk. Nothing here is on the way of a learner's request."""
