"""A language model as judge of feedback, asked in ways that let one see how far it can be trusted."""
