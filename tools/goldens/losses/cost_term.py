"""The term of a Safe-RLHF cost model that separates harmful from harmless completions."""

from adapters import align_anything
from lib.exact import log_sigmoid
from lib.golden_file import GoldenFile
from lib.inputs import reward_inputs, rng
from lib.pairs import CHOSEN_REJECTED
from lib.runner import Case, run

HARMFUL = ("chosenHarmful", "rejectedHarmful")


def formula(fields, _options) -> list:
    columns = zip(*(fields[k] for k in (*CHOSEN_REJECTED, *HARMFUL)))
    return [-log_sigmoid((2 * h - 1) * w) - log_sigmoid((2 * g - 1) * k) for w, k, h, g in columns]


def with_labels(sets: dict) -> dict:
    for name, fields in sets.items():
        r = rng(name[0], f"harmful{name}")
        for side in HARMFUL:
            fields[side] = r.integers(0, 2, len(fields["chosen"]))
    return sets


def build() -> GoldenFile:
    golden = GoldenFile(
        "costTerm",
        "-log sigmoid(sw chosen) - log sigmoid(sl rejected), s = 1 where harmful, -1 where harmless, of each side",
        ["grads = d sum(losses) / d input. Harmful completions are labelled 1."],
        {"align-anything": align_anything.FUNCTION},
    )
    originals = {"align-anything": align_anything.cost_term}
    return run(golden, Case(with_labels(reward_inputs()), [{}], originals, formula, CHOSEN_REJECTED))
