"""Leads and what identifies them."""
