"""Detectors about testing."""
