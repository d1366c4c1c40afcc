"""record over HTTP."""
