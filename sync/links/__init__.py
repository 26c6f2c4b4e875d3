"""Which change belongs to which work item, over all systems, with method and confidence."""
