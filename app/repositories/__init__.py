"""Every query, and the transaction around it."""
