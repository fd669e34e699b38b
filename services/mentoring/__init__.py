"""Escalations, mentors' answers, and what is remembered of them: the sole writer of mentors' decisions."""
