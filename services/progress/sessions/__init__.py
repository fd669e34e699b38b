"""Session events of learners who agreed to be recorded: kept, measured, replayed, exported and deleted."""
