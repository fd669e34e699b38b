"""The format of a case on disk, as pure domain code: a folder in, a checked draft or a list of problems out."""
