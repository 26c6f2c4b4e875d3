"""Speak each vendor's dialect: fetch raw records, prove what was read."""
