"""The outside world, each thing behind a narrow interface."""
