"""Backup and restore: databases, objects, files and secrets of one moment, in one encrypted archive."""
