"""alpha-DPO: SimPO with a target margin that follows the log-ratio margin."""

from adapters import alpha_dpo
from lib.exact import smoothed, to_mp
from lib.golden_file import GoldenFile
from lib.inputs import mean_pair_inputs
from lib.pairs import POLICY, margins
from lib.runner import Case, run


def normalised(fields) -> list:
    return [(x - fields["mean"]) / fields["std"] for x in margins(fields)]


def formula_at(inputs):
    """Return the formula whose normalised margins are those of `inputs`, whatever is moved."""
    held = normalised({name: to_mp(values) for name, values in inputs.items()})

    def formula(fields, options) -> list:
        rows = zip(fields["policyChosen"], fields["policyRejected"], held)
        scaled = [options["beta"] * (w - k - options["alpha"] * z - options["gammaBetaRatio"]) for w, k, z in rows]
        return [smoothed(h, options.get("labelSmoothing", 0)) for h in scaled]

    return formula


def build() -> GoldenFile:
    golden = GoldenFile(
        "alphaDpo",
        "-(1 - e) log sigmoid(h) - e log sigmoid(-h), h = beta (policyChosen - policyRejected - alpha sg(z) - gammaBetaRatio), "
        "z = ((policyChosen - referenceChosen) - (policyRejected - referenceRejected) - mean) / std, e = labelSmoothing",
        [
            "grads = d sum(losses) / d input, where z has no gradient, nor has the reference. All log-probs are per-token means. "
            "mean and std are the running statistics, which the authors' code updates with the batch first.",
        ],
        {"alpha-dpo": alpha_dpo.FUNCTION},
    )
    options = [
        dict(alpha=0.2, beta=2.5, gammaBetaRatio=0.6),
        dict(alpha=0.05, beta=10.0, gammaBetaRatio=0.4, labelSmoothing=0.125),
    ]
    originals = {"alpha-dpo": alpha_dpo.alpha_dpo}
    sets = mean_pair_inputs().items()
    return run(golden, *(Case({name: fields}, options, originals, formula_at(fields), POLICY) for name, fields in sets))
