"""Helpers for formulas of ranked candidates, on the fields of `list_inputs`."""


def rewards_of(fields, beta) -> list:
    """beta (policy - reference), one row per list."""
    return [[beta * (p - r) for p, r in zip(*row)] for row in zip(fields["policy"], fields["reference"])]


def of_size(candidates: int, sets: dict) -> tuple[dict, dict]:
    """Split the inputs into those with this number of candidates and the others."""

    def split(is_wanted):
        return {name: f for name, f in sets.items() if (len(f["policy"][0]) == candidates) == is_wanted}

    return split(True), split(False)
