"""The contract suite that a connector of your own runs: `pip install driftline[testing]`."""
