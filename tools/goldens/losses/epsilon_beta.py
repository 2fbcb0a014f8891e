"""epsilon-DPO: a beta for each pair, from steps of the logits away from and towards the reference."""

from adapters import e_dpo
from lib.exact import log_softmax
from lib.golden_file import GoldenFile
from lib.inputs import SEEDS, binary, rng, token_inputs
from lib.runner import Case, run


def margins(fields, step) -> list:
    """The margins of all pairs where each row of logits is moved by `step` away from the reference."""

    def moved(z, reference):
        return [(1 + step) * a - step * b for a, b in zip(z, reference)]

    sums = []
    for rows, reference_rows, labels in zip(fields["logits"], fields["referenceLogits"], fields["labels"]):
        tokens = zip(rows, reference_rows, (int(label) for label in labels))
        sums.append(sum((log_softmax(moved(z, r))[label] for z, r, label in tokens if label >= 0), 0))
    half = len(sums) // 2
    return [w - k for w, k in zip(sums[:half], sums[half:])]


def formula(fields, options) -> list:
    beta, epsilon = options["beta"], options["epsilon"]
    rows = zip(margins(fields, 0), margins(fields, epsilon), margins(fields, -epsilon))
    signs = [(away > at > towards) - (away < at < towards) for at, away, towards in rows]
    return [beta / (1 + epsilon * sign) for sign in signs]


def logit_inputs() -> dict:
    """Logits `[2N, T, V]` of policy and reference, all chosen rows first, and labels, aligned with the logits."""
    sets = {}
    for seed in SEEDS:
        for kind in ("N4T5V7", "N6T3V11"):
            fields = token_inputs()[f"{seed}_{kind}"]
            noise = rng(seed, f"epsilon{kind}").normal(0, 1.5, fields["logits"].shape)
            sets[f"{seed}_{kind}"] = {**fields, "referenceLogits": fields["logits"] + binary(noise, 7)}
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "epsilonBeta",
        "beta / (1 + epsilon s), s = 1 if m(epsilon) > m(0) > m(-epsilon), -1 if reversed, otherwise 0, m(e) the margin of the "
        "log-probs of (1 + e) logits - e referenceLogits",
        ["losses: the betas, which have no gradient."],
        {"e-dpo": e_dpo.FUNCTION},
    )
    options = [dict(beta=0.1, epsilon=0.01), dict(beta=0.5, epsilon=0.5)]
    return run(golden, Case(logit_inputs(), options, {"e-dpo": e_dpo.epsilon_beta}, formula, ()))
