"""The record of what happened: touchpoints, campaigns, timeline."""
