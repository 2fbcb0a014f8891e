"""TDPO2: token-level DPO whose chosen divergence is not differentiated."""

from adapters import tdpo
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs, with_divergences
from lib.pairs import POLICY, margins
from lib.runner import Case, run

WRT = (*POLICY, "rejectedKl")


def formula(fields, options) -> list:
    rows = zip(margins(fields), fields["chosenKl"], fields["rejectedKl"])
    return [-log_sigmoid(options["beta"] * (x - options["alpha"] * (k - w))) for x, w, k in rows]


def without_chosen(options, fields) -> dict:
    """Return the authors' result after checking that its gradient with respect to chosenKl is 0."""
    values = tdpo.tdpo2(options, fields)
    if values["grads"].pop("chosenKl").any():
        raise ValueError("the chosen divergence was differentiated")
    return values


def build() -> GoldenFile:
    golden = GoldenFile(
        "tdpo2",
        "-log sigmoid(beta (D - alpha (rejectedKl - sg(chosenKl)))), "
        "D = (policyChosen - referenceChosen) - (policyRejected - referenceRejected)",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
            "chosenKl is not differentiated.",
        ],
        {"tdpo": tdpo.FUNCTION},
    )
    options = [dict(beta=0.1, alpha=0.5), dict(beta=0.5, alpha=0.75)]
    inputs = with_divergences(pair_inputs())
    return run(golden, Case(inputs, options, {"tdpo": without_chosen}, formula, WRT))
