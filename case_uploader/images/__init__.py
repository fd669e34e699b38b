"""Images of cases that need other packages than the common one: made once for equal packages, by repo2docker."""
