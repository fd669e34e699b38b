"""How a service runs: app factory, settings, errors, mTLS, database, objects, health. No domain rule."""
