"""Runs losses on every input and option with every original."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lib.exact import evaluate, to_float, to_mp
from lib.golden_file import GoldenFile


@dataclass(frozen=True)
class Case:
    """A formula, with the originals that compute it.

    `originals` map a source id to `adapter(options, fields) -> {losses, grads, ...}`; the results of the first that agrees
    are stored. `formula(fields, options)` is ours, in 50 digits. `extras` are formulas of further outputs to compare.
    `options` is a list, or a function of (input name, fields) that returns one. `digits` is more than 50 if the formula
    adds numbers of very different size.
    """

    inputs: dict
    options: list | Callable
    originals: dict
    formula: Callable
    wrt: tuple
    extras: dict = field(default_factory=dict)
    digits: int = 50


def run(golden: GoldenFile, *cases: Case) -> GoldenFile:
    """Fill `golden` with the records of all cases."""
    for case in cases:
        for name, fields in case.inputs.items():
            golden.add_input(name, fields)
            grid = case.options(name, fields) if callable(case.options) else case.options
            for options in grid:
                exact = evaluate(case.formula, options, fields, case.wrt, case.digits)
                numbers = {key: to_mp(values) for key, values in fields.items()}
                exact.update({key: to_float(f(numbers)) for key, f in case.extras.items()})
                results = {source: adapter(options, fields) for source, adapter in case.originals.items()}
                golden.add(name, options, results, exact)
    return golden
