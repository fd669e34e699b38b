"""The learner's own choice about AI in a case, and a count of where it was used."""
