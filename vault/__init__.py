"""Secrets, certificates, and who may call whom. Imports no sibling."""
