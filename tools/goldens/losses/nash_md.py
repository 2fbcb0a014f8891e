"""Nash-MD."""

import mpmath as mp

from adapters import trl_legacy
from lib.golden_file import GoldenFile
from lib.inputs import binary, completion_inputs, rng
from lib.runner import Case, run


def formula(fields, options) -> list:
    """`frozen` has the values of `policy` and stands in for its detached uses."""
    losses = []
    names = ("policy", "frozen", "reference", "mask")
    for *columns, preference in zip(*(fields[k] for k in names), options["preference"]):
        counted = [(x, f - r) for x, f, r, m in zip(*columns) if m]
        regulariser = mp.fsum(ratio * x for x, ratio in counted)
        losses.append(options["beta"] * regulariser - (preference - mp.mpf(0.5)) * mp.fsum(x for x, _ in counted))
    return losses


def preferences(name, fields) -> list:
    wins = binary(rng(name[0], f"wins{name}").uniform(0, 1, len(fields["policy"])), 10).tolist()
    return [dict(beta=0.1, preference=wins), dict(beta=0.5, preference=wins)]


def build() -> GoldenFile:
    golden = GoldenFile(
        "nashMd",
        "beta sum over t of sg(policy_t - reference_t) policy_t - (preference - 1/2) sum over t of policy_t, t counted",
        ["grads = d sum(losses) / d policy [N, T]. frozen: policy, as what is detached."],
        {"trl-0.27.2": trl_legacy.NASH_FUNCTION},
    )
    inputs = {}
    for name, fields in completion_inputs().items():
        policy = fields["logps"]
        inputs[name] = dict(policy=policy, frozen=policy, reference=fields["reference"], mask=fields["mask"])
    return run(golden, Case(inputs, preferences, {"trl-0.27.2": trl_legacy.nash_md}, formula, ("policy",)))
