"""The local log of the intake."""
