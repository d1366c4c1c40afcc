"""Workspaces, users, teams and API keys."""
