"""Grading a folder of notebooks without a server, by the same judge that learners meet."""
