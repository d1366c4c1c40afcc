"""Tests of ripeness."""
