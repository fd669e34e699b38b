"""Caseloop's services: what is said between them (`contracts`), how one runs (`kit`), and the services themselves."""
