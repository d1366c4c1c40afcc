"""How well scores and predictions find the leads that a hidden rule lets convert."""
