"""Fetching: plan, page-and-cursor transactions, certificates, leases, census, remap."""
