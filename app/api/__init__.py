"""HTTP: routes, schemas, errors, habits."""
