"""Conversion of numbers for JSON, and the deviation of two results."""

import json
import math

import numpy as np


def plain(value):
    """Convert arrays, tensors and numpy scalars to plain Python, and non-finite numbers to strings."""
    if hasattr(value, "detach"):
        value = value.detach().numpy()
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _is_leaf(value) -> bool:
    """Whether a value goes on one line: a number, a string, or a list without objects."""
    if isinstance(value, list):
        return all(_is_leaf(v) for v in value)
    return not isinstance(value, dict)


def dumps(value, indent: int = 0) -> str:
    """Return JSON with one line per array (or object) of numbers, and the shortest decimals that give the same doubles."""
    inner = " " * (indent + 1)
    if _is_leaf(value):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, dict):
        if all(isinstance(v, (int, float)) for v in value.values()):
            return json.dumps(value, ensure_ascii=False)
        items = [f"{inner}{json.dumps(key)}: {dumps(v, indent + 1)}" for key, v in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    items = [inner + dumps(v, indent + 1) for v in value]
    return "[\n" + ",\n".join(items) + "\n" + " " * indent + "]"


def deviation(values, exact) -> float:
    """Return the largest difference relative to max(1, |exact|), infinite if values differ and one is not finite."""
    if isinstance(exact, dict):
        return max((deviation(values[key], exact[key]) for key in exact), default=0.0)
    a, b = np.asarray(values, dtype=float).ravel(), np.asarray(exact, dtype=float).ravel()
    if a.shape != b.shape:
        raise ValueError(f"shapes {a.shape} and {b.shape} differ")
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if not (same | (np.isfinite(a) & np.isfinite(b))).all():
        return math.inf
    a, b = a[~same], b[~same]
    return float((np.abs(a - b) / np.maximum(1, np.abs(b))).max(initial=0.0))
