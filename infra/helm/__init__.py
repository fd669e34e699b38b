"""Kubernetes: values for Zero to JupyterHub, and a chart of the services, most of it written from the trust graph."""
