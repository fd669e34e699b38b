"""JupyterHub as Caseloop sets it up: sign-in, pages, spawner."""
