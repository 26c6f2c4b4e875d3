"""One consistent small company, served over loopback HTTP in the vendors' own dialects."""
