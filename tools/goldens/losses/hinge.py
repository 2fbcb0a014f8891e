"""The hinge loss, with a reference (RSO, SLiC on normalised likelihoods) and without one (CPO)."""

from adapters import liger, trl, trl_legacy
from lib.exact import relu
from lib.golden_file import GoldenFile
from lib.inputs import mean_inputs, pair_inputs
from lib.pairs import CHOSEN_REJECTED, POLICY, margins, sides
from lib.runner import Case, run

ORIGINALS = {"trl-1.16.0": trl.hinge, "trl-0.27.2": trl_legacy.hinge, "liger-0.8.5": liger.hinge}
FUNCTIONS = {
    "trl-1.16.0": f"{trl.DPO_FUNCTION}; inputs chosen and rejected: {trl.CPO_FUNCTION}",
    "trl-0.27.2": trl_legacy.FUNCTION,
    "liger-0.8.5": liger.DPO_FUNCTION,
}


def with_reference(fields, options) -> list:
    return [relu(1 - options["beta"] * x) for x in margins(fields)]


def reference_free(fields, options) -> list:
    return [relu(1 - options["beta"] * (w - k)) for w, k in sides(fields)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "hinge",
        "max(0, 1 - h), h = beta ((policyChosen - referenceChosen) - (policyRejected - referenceRejected)), or "
        "h = beta (chosen - rejected)",
        ["grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side."],
        FUNCTIONS,
    )
    means = {f"{name}Mean": fields for name, fields in mean_inputs().items()}
    free = {"trl-1.16.0": trl.cpo_hinge}
    return run(
        golden,
        Case(pair_inputs(), [dict(beta=0.1), dict(beta=0.02)], ORIGINALS, with_reference, POLICY),
        Case(means, [dict(beta=0.1), dict(beta=1.5)], free, reference_free, CHOSEN_REJECTED),
    )
