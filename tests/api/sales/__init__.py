"""sales over HTTP."""
