"""DPO with ties, by the model of Rao and Kupper."""

import mpmath as mp

from adapters import todo
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs, with_ties
from lib.pairs import POLICY, margins
from lib.runner import Case, run

OVERFLOWS = "it computes e^h and e^-h, of which one overflows, also for pairs that are no ties"


def formula(fields, options) -> list:
    a = mp.log(options["nu"])

    def one(h, tie):
        win = -log_sigmoid(h - a)
        return win - log_sigmoid(-h - a) - mp.log(options["nu"] ** 2 - 1) if tie else win

    return [one(options["beta"] * x, tie) for x, tie in zip(margins(fields), fields["tie"])]


def build() -> GoldenFile:
    golden = GoldenFile(
        "raoKupper",
        "-log sigmoid(h - log nu) where tie is 0, -log sigmoid(h - log nu) - log sigmoid(-h - log nu) - log(nu^2 - 1) elsewhere, "
        "h = beta ((policyChosen - referenceChosen) - (policyRejected - referenceRejected))",
        ["grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side."],
        {"todo": todo.FUNCTION},
        {("todo", "extreme"): OVERFLOWS},
    )
    options = [dict(beta=0.1, nu=3.0), dict(beta=0.3, nu=1.25)]
    return run(golden, Case(with_ties(pair_inputs()), options, {"todo": todo.rao_kupper}, formula, POLICY))
