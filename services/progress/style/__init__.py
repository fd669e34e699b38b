"""Style reviews of approved subtasks: what was mended, what the learner dismissed, and what is polished."""
