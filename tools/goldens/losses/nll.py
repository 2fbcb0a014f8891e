"""The negative log-likelihood of counted tokens, averaged over tokens and over sequences."""

import mpmath as mp

from adapters import openrlhf, trl
from lib.golden_file import GoldenFile
from lib.inputs import completion_inputs
from lib.runner import Case, run


def formula(fields, options) -> list:
    rows = [[x for x, m in zip(*row) if m] for row in zip(fields["logps"], fields["mask"])]
    if options["reduction"] == "token":
        return [-mp.fsum(sum(rows, [])) / sum(map(len, rows))]
    return [-mp.fsum(mp.fsum(row) / len(row) for row in rows) / len(rows)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "nll",
        "token: -(sum of counted logps) / (number of counted tokens); sequence: the mean of the rows' own means",
        ["grads = d loss / d logps [N, T]. TRL averages over tokens alone."],
        {"trl-1.16.0": f"{trl.DPO_FUNCTION}, loss type sft", "openrlhf-0.11.2": openrlhf.SFT_FUNCTION},
    )
    inputs = {k: {name: fields[name] for name in ("logps", "mask")} for k, fields in completion_inputs().items()}
    of_openrlhf = {"openrlhf-0.11.2": openrlhf.nll}
    return run(
        golden,
        Case(inputs, [dict(reduction="token")], {"trl-1.16.0": trl.nll, **of_openrlhf}, formula, ("logps",)),
        Case(inputs, [dict(reduction="sequence")], of_openrlhf, formula, ("logps",)),
    )
