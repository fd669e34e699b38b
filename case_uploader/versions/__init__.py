"""The versions of a case: their history, what differs between two, and who decides which one learners get."""
