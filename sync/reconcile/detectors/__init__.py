"""The built-in detectors, one small file each, in families."""
