"""TPO: a contrastive term on the pair, and the likelihood of a gold response."""

from adapters import trl
from lib.exact import relu, smoothed
from lib.golden_file import GoldenFile
from lib.inputs import binary, mean_inputs, rng
from lib.pairs import CHOSEN_REJECTED, sides
from lib.runner import Case, run

WRT = (*CHOSEN_REJECTED, "gold")


def contrastive(margin, options):
    kind, b, e = options["contrastive"], options["beta"], options.get("labelSmoothing", 0)
    if kind == "hinge":
        return relu(1 - b * margin)
    if kind == "ipo":
        return (margin - 1 / (2 * b)) ** 2
    return smoothed(b * margin - options.get("gamma", 0), e)


def formula(fields, options) -> list:
    rows = zip(sides(fields), fields["gold"])
    return [contrastive(w - k, options) - options["alpha"] * gold for (w, k), gold in rows]


def triples(kinds: tuple) -> dict:
    """Return the mean log-probs of some kinds of inputs, with those of a gold response."""
    sets = {name: fields for name, fields in mean_inputs().items() if any(kind in name for kind in kinds)}
    for name, fields in sets.items():
        fields["gold"] = binary(-rng(name[0], f"gold{name}").uniform(0.15, 3, len(fields["chosen"])), 14)
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "tpo",
        "c(chosen - rejected) - alpha gold; c(x) = -(1 - e) log sigmoid(beta x) - e log sigmoid(-beta x) (cpo), the same "
        "of beta x - gamma (simpo), max(0, 1 - beta x) (hinge), (x - 1 / (2 beta))^2 (ipo)",
        ["grads = d sum(losses) / d input. All log-probs are per-token means here."],
        {"trl-1.16.0": trl.TPO_FUNCTION},
    )
    options = [
        dict(contrastive="cpo", alpha=1.0, beta=0.1, labelSmoothing=0.0),
        dict(contrastive="cpo", alpha=0.5, beta=0.5, labelSmoothing=0.125),
        dict(contrastive="simpo", alpha=1.0, beta=2.0, gamma=0.5, labelSmoothing=0.125),
        dict(contrastive="hinge", alpha=1.0, beta=0.5),
        dict(contrastive="ipo", alpha=0.25, beta=0.5),
    ]
    return run(
        golden,
        Case(triples(("_B",)), options, {"trl-1.16.0": trl.tpo}, formula, WRT),
        Case(triples(("equal", "veryNegative")), options, {}, formula, WRT),
    )
