"""One module for each kind of calamity; each run returns a report."""
