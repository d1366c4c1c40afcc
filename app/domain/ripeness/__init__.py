"""Who is ripe: qualification."""
