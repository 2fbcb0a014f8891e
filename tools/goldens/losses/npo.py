"""NPO."""

from adapters import gemma, unlearning
from lib.exact import softplus
from lib.golden_file import GoldenFile
from lib.inputs import single_inputs
from lib.runner import Case, run


def formula(fields, options) -> list:
    b = options["beta"]
    return [2 / b * softplus(b * (p - r)) for p, r in zip(fields["policy"], fields["reference"])]


def build() -> GoldenFile:
    functions = {
        "open-unlearning": unlearning.NPO_FUNCTION,
        "unlearn-simple": unlearning.SIMPLE_FUNCTION,
        "gemma": gemma.FUNCTION,
    }
    golden = GoldenFile(
        "npo",
        "-(2 / beta) log sigmoid(-beta (policy - reference))",
        ["grads = d sum(losses) / d input; by reference it is minus the one by policy."],
        functions,
    )
    originals = {"open-unlearning": unlearning.npo, "unlearn-simple": unlearning.simple_npo, "gemma": gemma.npo}
    return run(golden, Case(single_inputs(), [dict(beta=0.1), dict(beta=0.75)], originals, formula, ("policy",)))
