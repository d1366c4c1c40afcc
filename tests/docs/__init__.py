"""Tests of what the documentation says and shows."""
