"""Accounts, contacts, opportunities and conversion."""
