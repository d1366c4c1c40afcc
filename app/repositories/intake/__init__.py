"""Submissions, forms, connectors and visitors."""
