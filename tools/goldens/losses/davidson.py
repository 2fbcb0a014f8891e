"""DPO with ties, by the model of Davidson. No implementation was found."""

import mpmath as mp

from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs, with_ties
from lib.pairs import POLICY, margins
from lib.runner import Case, run


def formula(fields, options) -> list:
    nu = options["nu"]

    def one(h, tie):
        win = mp.log1p(mp.exp(-h) + 2 * nu * mp.exp(-h / 2))
        return win - mp.log(2 * nu) + h / 2 if tie else win

    return [one(options["beta"] * x, tie) for x, tie in zip(margins(fields), fields["tie"])]


def build() -> GoldenFile:
    golden = GoldenFile(
        "davidson",
        "w = log(1 + exp(-h) + 2 nu exp(-h / 2)) where tie is 0, w + h / 2 - log(2 nu) elsewhere, "
        "h = beta ((policyChosen - referenceChosen) - (policyRejected - referenceRejected))",
        ["grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side."],
        {},
    )
    options = [dict(beta=0.1, nu=1.0), dict(beta=0.3, nu=0.25)]
    return run(golden, Case(with_ties(pair_inputs()), options, {}, formula, POLICY))
