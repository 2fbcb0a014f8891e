"""Compare two golden files number by number."""

import math

from lib.golden_file import TOLERANCE

# Deviations of originals from the exact values are rounding noise: they only have to stay small.
NOISE = {"agreement"}
# Sizes of known deviations, which are not compared.
UNPINNED = {"off"}


def compare(fresh, old, tolerance: float, path: str = "", noise: bool = False):
    """Yield a line for each place where the two differ."""
    if isinstance(fresh, dict) and isinstance(old, dict):
        if fresh.keys() != old.keys():
            yield f"{path}: keys {sorted(fresh)} and {sorted(old)}"
            return
        for key in fresh.keys() - UNPINNED:
            yield from compare(fresh[key], old[key], tolerance, f"{path}.{key}", noise or key in NOISE)
    elif isinstance(fresh, list) and isinstance(old, list):
        if len(fresh) != len(old):
            yield f"{path}: lengths {len(fresh)} and {len(old)}"
            return
        for i, (a, b) in enumerate(zip(fresh, old)):
            yield from compare(a, b, tolerance, f"{path}[{i}]", noise)
    elif isinstance(fresh, (int, float)) and isinstance(old, (int, float)):
        close = max(fresh, old) <= TOLERANCE if noise else math.isclose(fresh, old, rel_tol=tolerance, abs_tol=0)
        if not close:
            yield f"{path}: {fresh!r} and {old!r}"
    elif fresh != old:
        yield f"{path}: {fresh!r} and {old!r}"
