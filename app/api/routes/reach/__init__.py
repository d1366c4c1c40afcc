"""The journal, and who reads it."""
