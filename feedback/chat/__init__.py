"""Conversations about a subtask: what is remembered, what a model may say, what is said without one, who reads it."""
