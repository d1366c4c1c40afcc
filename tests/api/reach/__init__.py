"""reach over HTTP."""
