"""Hints that a learner asks for: made by a durable job, rationed, reflected on, rated."""
