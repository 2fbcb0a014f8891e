"""Names and values of the metrics that TRL logs with DPO, KTO, SimPO, AlphaPO and ORPO, and Levanter with DPO and SimPO."""

import mpmath as mp
import torch

from adapters import levanter, trl
from adapters.logprobs import IGNORED, trl_fused_outputs
from lib.exact import to_float, to_mp
from lib.golden_file import GoldenFile
from lib.inputs import binary, kind_of, mean_inputs, pair_inputs, rng, unpaired_inputs
from lib.pairs import CHOSEN_REJECTED, sides
from losses.alpha_po import reward as alpha_po_reward
from losses.dpo import formula as dpo_losses
from losses.kto import WEIGHTED, kl_estimate

FUNCTIONS = {
    "trl-1.16.0": (
        "trl/trainer/dpo_trainer.py DPOTrainer._compute_loss, trl/trainer/kto_trainer.py KTOTrainer._compute_loss, and "
        f"get_batch_loss_metrics of {trl.CPO_PATH} CPOTrainer and {trl.ORPO_PATH} ORPOTrainer "
        "(stub self); .float() replaced by .double() in the reward accuracy; from logits: model outputs by "
        "trl/kernels/chunked_logprob.py ChunkedLogProbFunction with float32 replaced by float64"
    ),
    "levanter": levanter.METRICS_FUNCTION,
    "levanter-simpo": levanter.SIMPO_METRICS_FUNCTION,
}
BETA = 0.1
SIMPO = dict(beta=2.0, gammaBetaRatio=0.5)
ALPHA_PO = dict(alpha=0.25, beta=2.5)
ORPO = {"lambda": 0.125}
ACCURACY_IN_FLOAT64 = (("(chosen_rewards > rejected_rewards).float()", "(chosen_rewards > rejected_rewards).double()"),)

PAIR_KINDS = ("B1", "B5", "B6", "equal")
UNPAIRED_KINDS = ("B1desirable", "B1undesirable", "B5", "B6", "B5allDesirable", "B6klNegative")


def mean(values):
    return mp.fsum(values) / len(values)


def some(sets: dict, kinds, suffix: str = "") -> dict:
    """Return the inputs of these kinds, with a suffix on their names."""
    return {f"{name}{suffix}": fields for name, fields in sets.items() if kind_of(name) in kinds}


def _rewards(fields) -> tuple:
    def side(name):
        pairs = zip(fields[f"policy{name}"], fields[f"reference{name}"])
        return [mp.mpf(BETA) * (p - r) for p, r in pairs]

    return side("Chosen"), side("Rejected")


def exact_trl_dpo(fields) -> dict:
    chosen, rejected = _rewards(fields)
    return {
        "rewards/chosen": mean(chosen),
        "rewards/rejected": mean(rejected),
        "rewards/accuracies": mean([mp.mpf(w > k) for w, k in zip(chosen, rejected)]),
        "rewards/margins": mean([w - k for w, k in zip(chosen, rejected)]),
        "logps/chosen": mean(fields["policyChosen"]),
        "logps/rejected": mean(fields["policyRejected"]),
    }


def exact_trl_free(fields, reward) -> dict:
    """TRL's metrics without a reference: `reward` of the mean log-probs."""
    chosen, rejected = ([reward(x) for x in fields[side]] for side in CHOSEN_REJECTED)
    return {
        "rewards/chosen": mean(chosen),
        "rewards/rejected": mean(rejected),
        "rewards/accuracies": mean([mp.mpf(w > k) for w, k in zip(chosen, rejected)]),
        "rewards/margins": mean([w - k for w, k in zip(chosen, rejected)]),
        "logps/chosen": mean(fields["chosen"]),
        "logps/rejected": mean(fields["rejected"]),
    }


def exact_trl_simpo(fields) -> dict:
    return exact_trl_free(fields, lambda logp: SIMPO["beta"] * logp)


def exact_trl_alpha_po(fields) -> dict:
    alpha = mp.mpf(ALPHA_PO["alpha"])
    return exact_trl_free(fields, lambda logp: ALPHA_PO["beta"] * alpha_po_reward(logp, alpha))


def exact_trl_orpo(fields) -> dict:
    def log_odds(logp):
        return logp - mp.log(-mp.expm1(logp))

    ratios = [log_odds(w) - log_odds(k) for w, k in sides(fields)]
    return {
        **exact_trl_free(fields, lambda logp: mp.mpf(ORPO["lambda"]) * logp),
        "log_odds_chosen": mean(ratios),
        "log_odds_ratio": mean([-mp.log1p(mp.exp(-x)) for x in ratios]),
    }


def exact_levanter_simpo(fields) -> dict:
    margins = [w - k for w, k in sides(fields)]
    excess = [SIMPO["beta"] * (margin - SIMPO["gammaBetaRatio"]) for margin in margins]
    return {
        "simpo_loss": mean([mp.log1p(mp.exp(-x)) for x in excess]),
        "simpo_chosen_logp": mean(fields["chosen"]),
        "simpo_rejected_logp": mean(fields["rejected"]),
        "simpo_margin": mean(margins),
        "simpo_accuracy": mean([mp.mpf(x > 0) for x in excess]),
    }


def exact_levanter_dpo(fields) -> dict:
    trl_values = exact_trl_dpo(fields)
    reference = mean(fields["referenceChosen"]) - mean(fields["referenceRejected"])
    return {
        "dpo_loss": mean(dpo_losses(fields, dict(beta=mp.mpf(BETA)))),
        "dpo_margin_policy": trl_values["logps/chosen"] - trl_values["logps/rejected"],
        "dpo_margin_ref": reference,
        "dpo_accuracy": trl_values["rewards/accuracies"],
        "dpo_chosen_reward": trl_values["rewards/chosen"],
        "dpo_rejected_reward": trl_values["rewards/rejected"],
    }


def trl_dpo(fields) -> dict:
    """TRL's sequence-level metrics of one batch."""
    sums = torch.tensor([*fields["policyChosen"], *fields["policyRejected"]])
    reference = [torch.tensor(fields[k]) for k in ("referenceChosen", "referenceRejected")]
    outputs, mask = trl.one_token_outputs(sums)
    *_, metrics = trl.run_dpo("sigmoid", dict(beta=BETA), outputs, reference, mask, ACCURACY_IN_FLOAT64)
    return {name: value for name, value in metrics.items() if name.startswith(("rewards/", "logps/"))}


def trl_kto(fields) -> dict:
    """TRL's sequence-level metrics of one KTO batch; a class without examples is absent."""
    *_, metrics = trl.run_kto(WEIGHTED, fields)
    return {name: value for name, value in metrics.items() if name.startswith(("rewards/", "logps/", "kl"))}


def exact_trl_kto(fields) -> dict:
    beta = mp.mpf(WEIGHTED["beta"])
    values = {"kl": kl_estimate(fields)}
    rows = list(zip(fields["policy"], fields["reference"], fields["desirable"]))
    for name, wanted in (("chosen", 1), ("rejected", 0)):
        mine = [(p, r) for p, r, desirable in rows if desirable == wanted]
        if mine:
            values[f"rewards/{name}"] = mean([beta * (p - r) for p, r in mine])
            values[f"logps/{name}"] = mean([p for p, _ in mine])
    if {"rewards/chosen", "rewards/rejected"} <= values.keys():
        values["rewards/margins"] = values["rewards/chosen"] - values["rewards/rejected"]
    return values


def logits_inputs() -> dict:
    """Logits and next-token labels of two pairs, with the summed log-probs under the reference."""
    sets = {}
    for seed, (steps, vocabulary) in {"A": (4, 7), "B": (3, 5)}.items():
        r = rng(seed, "metricsTokens")
        fields = {}
        for side in ("chosen", "rejected"):
            labels = r.integers(0, vocabulary, (2, steps))
            labels[0, 0] = IGNORED
            labels[1, -1] = IGNORED
            logits = binary(r.normal(0, 2, (2, steps, vocabulary)), 7)
            top = logits[0].argmax(-1)
            labels[0, 1] = top[1]  # at least one label that is the most likely token
            fields[f"{side}Logits"], fields[f"{side}Labels"] = logits, labels
        for side in ("referenceChosen", "referenceRejected"):
            fields[side] = binary(-r.uniform(3, 12, 2), 10)
        sets[f"{seed}_Nlogits"] = fields
    return sets


def trl_dpo_from_logits(fields) -> dict:
    """All metrics of one batch except the number of training tokens."""
    logits = torch.tensor([*fields["chosenLogits"].tolist(), *fields["rejectedLogits"].tolist()])
    labels = torch.tensor([*fields["chosenLabels"].tolist(), *fields["rejectedLabels"].tolist()])
    outputs = trl_fused_outputs(logits.numpy(), labels.tolist())
    mask = torch.nn.functional.pad((labels != IGNORED).long(), (1, 0))
    reference = [torch.tensor(fields[k]) for k in ("referenceChosen", "referenceRejected")]
    *_, metrics = trl.run_dpo("sigmoid", dict(beta=BETA), outputs, reference, mask, ACCURACY_IN_FLOAT64)
    del metrics["num_tokens"]
    return metrics


def _token(scores, label) -> dict:
    log_z = mp.log(mp.fsum(mp.exp(s) for s in scores))
    probabilities = [mp.exp(s - log_z) for s in scores]
    label = int(label)
    return dict(
        logp=scores[label] - log_z,
        entropy=-mp.fsum(p * mp.log(p) for p in probabilities),
        logit=mean(scores),
        correct=mp.mpf(scores[label] == max(scores)),
    )


def exact_trl_from_logits(fields) -> dict:
    sums, tokens = {}, {}
    for side in ("chosen", "rejected"):
        rows = [
            [_token(s, label) for s, label in zip(*row) if label >= 0]
            for row in zip(fields[f"{side}Logits"], fields[f"{side}Labels"])
        ]
        sums[f"policy{side.capitalize()}"] = [mp.fsum(token["logp"] for token in row) for row in rows]
        tokens[side] = [token for row in rows for token in row]
    values = exact_trl_dpo({**fields, **sums})
    both = tokens["chosen"] + tokens["rejected"]
    values["entropy"] = mean([token["entropy"] for token in both])
    values["mean_token_accuracy"] = mean([token["correct"] for token in tokens["chosen"]])
    for side, mine in tokens.items():
        values[f"logits/{side}"] = mean([token["logit"] for token in mine])
    return values


def build() -> GoldenFile:
    golden = GoldenFile(
        "metrics",
        "the logged values of one batch, in the words of the library that logs them",
        [
            "outputs.metrics: name -> value. There are no gradients.",
            "options.loss says which trainer logged it. TRL leaves out a class without examples (KTO).",
            "An accuracy counts pairs with chosen > rejected: 0 where policy and reference agree.",
            "Inputs with logits: rows are completions, labels are next-token labels (-100 ignored). entropy is over "
            "the tokens of both sides, mean_token_accuracy over the chosen ones; logits/* are means over the "
            "vocabulary.",
        ],
        FUNCTIONS,
    )
    pairs = some(pair_inputs(), PAIR_KINDS)
    unpaired = some(unpaired_inputs(), UNPAIRED_KINDS, "Unpaired")
    free = some(mean_inputs(), PAIR_KINDS, "Mean")
    dpo = dict(loss="dpo", beta=BETA)
    alpha_po, orpo = dict(loss="alphaPo", **ALPHA_PO), dict(loss="orpo", **ORPO)
    trl_simpo, levanter_simpo = dict(loss="simpo", beta=SIMPO["beta"]), dict(loss="simpo", **SIMPO)
    jobs = (
        ("trl-1.16.0", trl_dpo, exact_trl_dpo, dpo, pairs),
        ("levanter", lambda f: levanter.dpo_metrics(dpo, f), exact_levanter_dpo, dpo, pairs),
        ("trl-1.16.0", trl_dpo_from_logits, exact_trl_from_logits, dpo, logits_inputs()),
        ("trl-1.16.0", trl_kto, exact_trl_kto, dict(loss="kto", **WEIGHTED), unpaired),
        ("trl-1.16.0", lambda f: trl.simpo_metrics(SIMPO, f, ACCURACY_IN_FLOAT64), exact_trl_simpo, trl_simpo, free),
        (
            "trl-1.16.0",
            lambda f: trl.simpo_metrics(ALPHA_PO, f, ACCURACY_IN_FLOAT64),
            exact_trl_alpha_po,
            alpha_po,
            free,
        ),
        ("trl-1.16.0", lambda f: trl.orpo_metrics(ORPO, f, ACCURACY_IN_FLOAT64), exact_trl_orpo, orpo, free),
        ("levanter-simpo", lambda f: levanter.simpo_metrics(SIMPO, f), exact_levanter_simpo, levanter_simpo, free),
    )
    for source, original, exact, options, inputs in jobs:
        for name, fields in inputs.items():
            golden.add_input(name, fields)
            wanted = to_float(exact({k: to_mp(v) for k, v in fields.items()}))
            values = original(fields)
            if values.keys() != wanted.keys():
                raise ValueError(f"{source} logs {sorted(values)}, expected {sorted(wanted)}")
            golden.add(name, options, {source: dict(metrics=values)}, dict(metrics=wanted), exact_keys=())
    return golden
