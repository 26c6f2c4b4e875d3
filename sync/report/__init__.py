"""The drift report: plain data, its text, page and JSON, and the mail that carries it."""
