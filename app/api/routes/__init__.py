"""Handlers, one file a feature."""
