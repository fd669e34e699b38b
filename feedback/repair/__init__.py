"""Repairs of learners' programs by the nearest correct solution: evidence only, no learner ever sees one."""
