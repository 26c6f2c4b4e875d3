"""The common vocabulary, and how each system's fields become it."""
