"""How a service of ours runs: app, errors, logs, identity, database, objects, TLS. Knows no domain rule."""
