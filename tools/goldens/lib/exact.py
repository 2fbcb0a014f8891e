"""Independent values in 50 digits (mpmath), from our own reading of the formulas; no code is shared with the originals."""

import mpmath as mp
import numpy as np

mp.mp.dps = 50


def log_sigmoid(x):
    return -mp.log1p(mp.exp(-x)) if x >= 0 else x - mp.log1p(mp.exp(x))


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def log1mexp(x):
    """log(1 - exp(x)) for x < 0."""
    return mp.log(-mp.expm1(x))


def softplus(x):
    return -log_sigmoid(-x)


def relu(x):
    return x if x > 0 else mp.mpf(0)


def smoothed(h, e):
    """-(1 - e) log sigmoid(h) - e log sigmoid(-h)."""
    return -(1 - e) * log_sigmoid(h) - e * log_sigmoid(-h)


def log_sum_exp(values):
    largest = max(values)
    return largest + mp.log(mp.fsum(mp.exp(v - largest) for v in values))


def log_softmax(values) -> list:
    total = log_sum_exp(values)
    return [v - total for v in values]


def to_mp(value):
    """Convert numbers, nested lists and arrays to 50-digit numbers of the same value; keep strings."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [to_mp(v) for v in value]
    return value if isinstance(value, str) else mp.mpf(value)


def to_float(value):
    if isinstance(value, dict):
        return {k: to_float(v) for k, v in value.items()}
    return [to_float(v) for v in value] if isinstance(value, list) else float(value)


def replaced(values: list, path: tuple, x) -> list:
    """Return nested lists with one number replaced."""
    head, *rest = path
    copy = list(values)
    copy[head] = replaced(copy[head], rest, x) if rest else x
    return copy


def evaluate(formula, options: dict, arrays: dict, wrt, digits: int = 50) -> dict:
    """Return the losses of `formula(fields, options)`, and d sum(losses) / d field for the (nested) fields in `wrt`."""
    with mp.workdps(digits):
        fields = {name: to_mp(values) for name, values in arrays.items()}
        options = {name: to_mp(value) for name, value in options.items()}

        def derivatives(name, values, path=()):
            if isinstance(values, list):
                return [derivatives(name, v, (*path, i)) for i, v in enumerate(values)]
            moved = lambda x: {**fields, name: replaced(fields[name], path, x)}  # noqa: E731
            return mp.diff(lambda x: mp.fsum(formula(moved(x), options)), values, h=mp.mpf(10) ** -28)

        grads = {name: derivatives(name, fields[name]) for name in wrt}
        return to_float({"losses": formula(fields, options), "grads": grads})
