"""Fields of preference pairs in `lib/inputs.py`, and helpers for formulas on them."""

POLICY = ("policyChosen", "policyRejected")
REFERENCE = ("referenceChosen", "referenceRejected")
CHOSEN_REJECTED = ("chosen", "rejected")


def earlier(name: str) -> str:
    """The field of an earlier batch: `policyChosen` -> `earlierPolicyChosen`."""
    return f"earlier{name[0].upper()}{name[1:]}"


def ratios(fields) -> list:
    """(log-ratio of the chosen side, log-ratio of the rejected side), one per pair."""
    columns = zip(*(fields[k] for k in ("policyChosen", "referenceChosen", "policyRejected", "referenceRejected")))
    return [(w - v, k - r) for w, v, k, r in columns]


def margins(fields) -> list:
    """(policyChosen - referenceChosen) - (policyRejected - referenceRejected), one per pair."""
    return [w - k for w, k in ratios(fields)]


def sides(fields) -> list:
    """(chosen, rejected), one per pair."""
    return list(zip(fields["chosen"], fields["rejected"]))
