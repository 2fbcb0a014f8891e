"""R-DPO: DPO with the difference of the lengths in the margin."""

from adapters import sampo
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs, with_lengths
from lib.pairs import POLICY, margins
from lib.runner import Case, run


def formula(fields, options) -> list:
    rows = zip(margins(fields), fields["chosenLengths"], fields["rejectedLengths"])
    return [-log_sigmoid(options["beta"] * x + options["alpha"] * (n - m)) for x, n, m in rows]


def build() -> GoldenFile:
    golden = GoldenFile(
        "rDpo",
        "-log sigmoid(h + alpha (chosenLengths - rejectedLengths)), "
        "h = beta ((policyChosen - referenceChosen) - (policyRejected - referenceRejected))",
        ["grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side."],
        {"sampo": sampo.FUNCTION},
    )
    options = [dict(beta=0.1, alpha=0.01), dict(beta=0.1, alpha=0.05)]
    return run(golden, Case(with_lengths(pair_inputs()), options, {"sampo": sampo.r_dpo}, formula, POLICY))
