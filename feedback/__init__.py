"""Submission and case become evidence, evidence a verdict and words."""
