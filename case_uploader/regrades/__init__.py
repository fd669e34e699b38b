"""Judging everybody's work again by another version: a preview first, then in earnest where it helps the learner."""
