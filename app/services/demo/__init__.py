"""A believable workspace to look at: the same people and the same story every time."""
