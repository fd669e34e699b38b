"""Secrets, certificates and who may call whom. Knows no learner, no case, and no other package of ours."""
