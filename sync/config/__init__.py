"""Configuration: one TOML file, the environment over it, secrets from elsewhere."""
