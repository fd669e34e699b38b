"""Who writes the sentences: rules today; the `Words` protocol is the seam for a language model."""
