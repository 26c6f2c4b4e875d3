"""Speed and memory, as ratios in one run; never a timed test."""
