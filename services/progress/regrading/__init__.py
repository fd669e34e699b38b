"""Work that is judged again by another version of its case."""
