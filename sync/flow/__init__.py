"""How work flows: ages, waiting, hand-offs, deployments; pure over what was read."""
