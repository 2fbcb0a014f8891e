"""AOT on unpaired sides."""

from adapters import trl, trl_legacy
from lib.exact import smoothed
from lib.golden_file import GoldenFile
from lib.inputs import pair_inputs
from lib.pairs import POLICY, ratios
from lib.runner import Case, run

ORIGINALS = {
    "trl-1.16.0": trl.aot_unpaired,
    "trl-0.27.2": trl_legacy.aot_unpaired,
}
FUNCTIONS = {
    "trl-1.16.0": trl.DPO_FUNCTION,
    "trl-0.27.2": trl_legacy.FUNCTION,
}


def formula(fields, options) -> list:
    chosen, rejected = zip(*ratios(fields))
    deltas = [w - k for w, k in zip(sorted(chosen), sorted(rejected))]
    return [smoothed(options["beta"] * d, options["labelSmoothing"]) for d in deltas]


def build() -> GoldenFile:
    golden = GoldenFile(
        "aotUnpaired",
        (
            "-(1 - e) log sigmoid(beta d) - e log sigmoid(-beta d), e = labelSmoothing, "
            "d = sort(policyChosen - referenceChosen) - sort(policyRejected - referenceRejected)"
        ),
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
            "losses are in sorted order. Inputs have no ties, where the gradient may go to either of the two.",
        ],
        FUNCTIONS,
    )
    return run(golden, Case({k: v for k, v in pair_inputs().items() if "equal" not in k and "tiny" not in k}, [dict(beta=0.1, labelSmoothing=0.0), dict(beta=0.05, labelSmoothing=0.1)], ORIGINALS, formula, POLICY))
