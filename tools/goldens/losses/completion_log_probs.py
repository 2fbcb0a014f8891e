"""Log-probs of completions whose tokens have weights."""

import mpmath as mp

from adapters import tis_dpo
from lib.golden_file import GoldenFile
from lib.inputs import weighted_token_inputs
from lib.runner import Case, run


def formula(fields, options) -> list:
    values = []
    for logits, labels, weights in zip(fields["logits"], fields["labels"], fields["weights"]):
        terms, sizes = [], []
        for scores, label, weight in zip(logits, labels[1:], weights[1:]):
            if label < 0:
                continue
            top = max(scores)
            log_z = top + mp.log(mp.fsum(mp.exp(s - top) for s in scores))
            terms.append(weight * (scores[int(label)] - log_z))
            sizes.append(weight)
        size = mp.fsum(sizes) if options["reduction"] == "mean" else 1
        values.append(mp.fsum(terms) / size if size else mp.mpf(0))
    return values


def build() -> GoldenFile:
    golden = GoldenFile(
        "completionLogProbs",
        "sum over counted tokens of weight * log softmax(logits of the place before)[token]; the mean divides by the "
        "sum of the weights",
        [
            "labels and weights are aligned with the tokens: labels[n][t] is scored by logits[n][t - 1]; -100 is ignored.",
            "The original's mean divides by the number of counted tokens, so only its sum takes part.",
            "grads = d sum(losses) / d logits.",
        ],
        {tis_dpo.TIS_DPO: tis_dpo.FUNCTION},
    )
    inputs, wrt = weighted_token_inputs(), ("logits",)
    summed = Case(inputs, [dict(reduction="sum")], {tis_dpo.TIS_DPO: tis_dpo.weighted_logps}, formula, wrt)
    return run(golden, summed, Case(inputs, [dict(reduction="mean")], {}, formula, wrt))
