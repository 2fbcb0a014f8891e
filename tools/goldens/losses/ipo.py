"""IPO on summed log-probs, and CPO's form of it: on means, without a reference."""

from adapters import eric_mitchell, halos, openrlhf, trl, trl_legacy
from lib.golden_file import GoldenFile
from lib.inputs import mean_inputs, pair_inputs
from lib.pairs import CHOSEN_REJECTED, POLICY, margins
from lib.runner import Case, run

SUMMED = {
    "eric-mitchell": eric_mitchell.ipo,
    "openrlhf-0.11.2": openrlhf.ipo,
    "trl-0.27.2": trl_legacy.ipo,
    "trl-1.16.0": trl.ipo,
    "halos": halos.ipo,
}
FUNCTIONS = {
    "eric-mitchell": eric_mitchell.FUNCTION,
    "openrlhf-0.11.2": openrlhf.DPO_FUNCTION,
    "trl-0.27.2": trl_legacy.FUNCTION,
    "trl-1.16.0": f"{trl.DPO_FUNCTION}; inputs chosen and rejected: {trl.CPO_FUNCTION}",
    "halos": halos.PAIR_FUNCTION,
}
ZERO_LENGTH = "HALOs counts as length the tokens whose log-ratio is not 0: 0/0 where policy and reference agree"


def summed(fields, options) -> list:
    return [(x - 1 / (2 * options["beta"])) ** 2 for x in margins(fields)]


def reference_free(fields, options) -> list:
    pairs = zip(fields["chosen"], fields["rejected"])
    return [(w - k - 1 / (2 * options["beta"])) ** 2 for w, k in pairs]


def build() -> GoldenFile:
    golden = GoldenFile(
        "ipo",
        "(D - 1 / (2 beta))^2, D = (policyChosen - referenceChosen) - (policyRejected - referenceRejected), or "
        "D = chosen - rejected",
        [
            "grads = d sum(losses) / d input; by a reference input: minus the one by the policy input of that side.",
            "The formula does not know what its inputs are. Inputs policy*, reference* are sums (the paper, "
            "eric-mitchell, OpenRLHF); inputs chosen, rejected are per-token means (CPO). TRL 1.16.0's DPO and HALOs "
            "divide by the length: here every sequence is one token that carries the whole value.",
        ],
        FUNCTIONS,
        known={("halos", "equal"): ZERO_LENGTH},
    )
    return run(
        golden,
        Case(pair_inputs(), [dict(beta=0.1), dict(beta=0.5)], SUMMED, summed, POLICY),
        Case(
            {f"{name}Mean": fields for name, fields in mean_inputs().items()},
            [dict(beta=0.1), dict(beta=0.7)],
            {"trl-1.16.0": trl.cpo_ipo},
            reference_free,
            CHOSEN_REJECTED,
        ),
    )
