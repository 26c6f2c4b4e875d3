"""Probabilities as people read them: in steps of five, and never certain; pure."""

#: Beyond these shares nothing more precise is said.
LEAST, MOST = 0.05, 0.95


def about(p: float) -> str:
    """`about 30 %`."""
    if p < LEAST:
        return "less than 5 %"
    if p > MOST:
        return "more than 95 %"
    return f"about {steps_of_five(p)} %"


def steps_of_five(p: float) -> int:
    """Percent in steps of five, from 5 to 95."""
    return min(95, max(5, int(p * 20 + 0.5) * 5))
