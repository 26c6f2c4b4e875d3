"""Judging: detectors, findings with a life, and what could not be checked."""
