"""Independent values with 50 digits (mpmath): our own reading of the formula, never shared with an original."""

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


def to_mp(value):
    """Numbers, nested lists and arrays as (lists of) 50-digit numbers with the same value."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [to_mp(v) for v in value]
    return mp.mpf(value)


def to_float(value):
    if isinstance(value, dict):
        return {k: to_float(v) for k, v in value.items()}
    return [to_float(v) for v in value] if isinstance(value, list) else float(value)


def evaluate(formula, options: dict, arrays: dict, wrt) -> dict:
    """Per-example losses of `formula(fields, options)` and d sum(losses) / d field for the fields in `wrt`."""
    fields = {name: to_mp(values) for name, values in arrays.items()}
    options = {name: to_mp(value) for name, value in options.items()}

    def derivative(name, i):
        def total(x):
            moved = list(fields[name])
            moved[i] = x
            return mp.fsum(formula({**fields, name: moved}, options))

        return mp.diff(total, fields[name][i], h=mp.mpf(10) ** -18)

    grads = {name: [derivative(name, i) for i in range(len(fields[name]))] for name in wrt}
    return to_float({"losses": formula(fields, options), "grads": grads})
