"""TDPO1: token-level DPO."""

from adapters import tdpo
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs, with_divergences
from lib.pairs import POLICY, margins
from lib.runner import Case, run

WRT = (*POLICY, *tdpo.KL)


def formula(fields, options) -> list:
    rows = zip(margins(fields), fields["chosenKl"], fields["rejectedKl"])
    return [-log_sigmoid(options["beta"] * (x - (k - w))) for x, w, k in rows]


def build() -> GoldenFile:
    golden = GoldenFile(
        "tdpo1",
        "-log sigmoid(beta (D - (rejectedKl - chosenKl))), "
        "D = (policyChosen - referenceChosen) - (policyRejected - referenceRejected)",
        ["grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side."],
        {"tdpo": tdpo.FUNCTION},
    )
    inputs = with_divergences(pair_inputs())
    return run(golden, Case(inputs, [dict(beta=0.1), dict(beta=0.5)], {"tdpo": tdpo.tdpo1}, formula, WRT))
