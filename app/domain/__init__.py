"""Plain Python: entities, rules and errors, with nothing but the standard library."""
