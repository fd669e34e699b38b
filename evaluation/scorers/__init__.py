"""Each scorer in a file of its own: what is asked of an answer, and how it is found out."""
