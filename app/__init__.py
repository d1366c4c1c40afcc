"""Touchline: headless lead management on Postgres."""

__version__ = "0.1.0"
