"""Log-probs of tokens and sequences from logits: per token, summed, averaged."""

import mpmath as mp

from adapters import logprobs as adapters
from lib.exact import to_float, to_mp
from lib.golden_file import GoldenFile
from lib.inputs import token_inputs

ORIGINALS = {
    "trl-1.16.0": adapters.trl,
    "eric-mitchell": adapters.eric_mitchell,
    "halos": adapters.halos,
    "liger-0.8.5": adapters.liger,
    "openrlhf-0.11.2": adapters.openrlhf,
}


def _row(logits, labels) -> dict:
    """Return the log-probs of one sequence, and the gradients of their sum and mean with respect to the logits."""
    count = max(1, sum(label >= 0 for label in labels))
    per_token, by_sum, by_mean = [], [], []
    for scores, label in zip(logits, labels):
        if label < 0:
            per_token.append(mp.mpf(0))
            by_sum.append([mp.mpf(0)] * len(scores))
        else:
            top = max(scores)
            log_z = top + mp.log(mp.fsum(mp.exp(s - top) for s in scores))
            per_token.append(scores[int(label)] - log_z)
            by_sum.append([(v == label) - mp.exp(s - log_z) for v, s in enumerate(scores)])
        by_mean.append([g / count for g in by_sum[-1]])
    total = mp.fsum(per_token)
    return dict(perToken=per_token, sum=total, mean=total / count, bySum=by_sum, byMean=by_mean)


def exact(fields) -> dict:
    rows = [_row(*row) for row in zip(to_mp(fields["logits"]), to_mp(fields["labels"]))]
    column = {key: to_float([row[key] for row in rows]) for key in rows[0]}
    grads = dict(sum=column.pop("bySum"), mean=column.pop("byMean"))
    return dict(column, grads=grads)


def without_empty_means(outputs, fields) -> dict:
    """Return the outputs to compare: the originals' mean of an empty row is 0/0, ours is 0."""
    empty = [all(label < 0 for label in row) for row in fields["labels"].tolist()]
    if "mean" not in outputs:
        return outputs
    return dict(outputs, mean=[0.0 if e else m for e, m in zip(empty, outputs["mean"])])


def build() -> GoldenFile:
    golden = GoldenFile(
        "logprobs",
        "perToken[n][t] = logits[n][t][label] - logsumexp(logits[n][t]), 0 where label = -100; sum and mean over the "
        "labelled tokens of a row",
        [
            "labels are next-token labels: labels[n][t] is scored by logits[n][t]; -100 is ignored.",
            "grads.sum = d sum(outputs.sum) / d logits, grads.mean = d sum(outputs.mean) / d logits.",
            'The mean of an empty row is "NaN" in the originals; `exact` has 0, with gradient 0. grads.mean of an '
            "original is taken over the other rows.",
        ],
        adapters.FUNCTIONS,
    )
    for name, fields in token_inputs().items():
        golden.add_input(name, fields)
        wanted = exact(fields)
        results = {}
        for source, adapter in ORIGINALS.items():
            results[source] = adapter(fields["logits"], fields["labels"])
        compared = {source: without_empty_means(r, fields) for source, r in results.items()}
        stored = next(iter(results.values()))
        golden.add(name, {}, compared, wanted, stored=stored, exact_keys=("perToken", "sum", "mean"))
    return golden
