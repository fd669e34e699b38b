"""Environments of cases that need other packages than the common one: made once for equal requirements."""
