"""Rules about the order of cells: what a notebook's kernel remembers and its text does not say."""
