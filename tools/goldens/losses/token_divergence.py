"""Divergences between the next-token distributions of two models."""

import mpmath as mp

from adapters import token_divergence as adapters
from lib.golden_file import GoldenFile
from lib.inputs import two_logits_inputs
from lib.runner import Case, run


def _log_softmax(scores) -> list:
    top = max(scores)
    log_z = top + mp.log(mp.fsum(mp.exp(s - top) for s in scores))
    return [s - log_z for s in scores]


def _kl(a, b):
    return mp.fsum(mp.exp(x) * (x - y) for x, y in zip(a, b))


def formula(fields, options) -> list:
    values = []
    for policy, reference in zip(fields["policy"], fields["reference"]):
        p, q = _log_softmax(policy), _log_softmax(reference)
        if options["divergence"] == "forwardKl":
            values.append(_kl(q, p))
        elif options["divergence"] == "reverseKl":
            values.append(_kl(p, q))
        else:
            w = mp.mpf(options["weight"])
            m = [mp.log(w * mp.exp(y) + (1 - w) * mp.exp(x)) for x, y in zip(p, q)]
            values.append(w * _kl(q, m) + (1 - w) * _kl(p, m))
    return values


OPTIONS = [
    dict(divergence="forwardKl"),
    dict(divergence="reverseKl"),
    dict(divergence="jensenShannon", weight=0.5),
    dict(divergence="jensenShannon", weight=0.125),
]


def build() -> GoldenFile:
    golden = GoldenFile(
        "tokenDivergence",
        "p = softmax(policy), q = softmax(reference), m = weight q + (1 - weight) p; forwardKl: KL(q || p); reverseKl: "
        "KL(p || q); jensenShannon: weight KL(q || m) + (1 - weight) KL(p || m)",
        [
            "The originals' beta is the weight; it is 0 for forwardKl, and 1 for reverseKl.",
            "grads = d sum(losses) / d policy.",
        ],
        adapters.FUNCTIONS,
    )
    originals = {"trl-1.16.0": adapters.trl, "liger-0.8.5": adapters.liger}
    return run(golden, Case(two_logits_inputs(), OPTIONS, originals, formula, ("policy",)))
