"""Deterministic inputs from two independent seeds, A and B. Every name starts with its seed.

Realistic sets (B1, B5, B6, named after the batch size) are rounded to binary fractions that float32 represents exactly,
so that a float32 implementation gets the same numbers.
"""

import hashlib

import numpy as np

SEEDS = {"A": 4021, "B": 91138}
BATCHES = (1, 5, 6)


def rng(seed: str, tag: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{SEEDS[seed]}/{tag}".encode()).hexdigest()
    return np.random.default_rng(int(digest[:12], 16))


def kind_of(name: str) -> str:
    """`A_tiny` -> `tiny`."""
    return name.split("_", 1)[1]


def binary(values, bits: int) -> np.ndarray:
    """Round to multiples of 2**-bits."""
    return np.round(np.asarray(values) * 2.0**bits) / 2.0**bits


def _summed(r, count) -> np.ndarray:
    """Reference log-probs of completions of 3 to 120 tokens, summed: -400 to -5."""
    tokens = r.integers(3, 121, count)
    return binary(-np.clip(tokens * r.uniform(0.35, 3.3, count), 5, 400), 10)


def pair_inputs() -> dict:
    """Summed log-probs of preference pairs under the policy and the reference."""
    sets = {}

    def add(name, policy_chosen, policy_rejected, reference_chosen, reference_rejected):
        sets[name] = dict(
            policyChosen=policy_chosen,
            policyRejected=policy_rejected,
            referenceChosen=reference_chosen,
            referenceRejected=reference_rejected,
        )

    for seed in SEEDS:
        for count in BATCHES:
            r = rng(seed, f"pair{count}")
            chosen, rejected = _summed(r, count), _summed(r, count)
            policy_chosen = np.minimum(-1, chosen + binary(r.normal(0.5, 4, count), 10))
            policy_rejected = np.minimum(-1, rejected + binary(r.normal(-0.5, 5, count), 10))
            add(f"{seed}_B{count}", policy_chosen, policy_rejected, chosen, rejected)

        # Differences of log-ratios up to 10000: with beta 0.1 the scaled margin is up to 1000.
        r = rng(seed, "pairExtreme")
        margin = np.array([10000, -10000, 1000, -1000, 370.5, -370.5, 40, -40])
        chosen, rejected = binary(-r.uniform(6000, 7000, (2, 8)), 2)
        add(f"{seed}_extreme", chosen + margin / 2, rejected - margin / 2, chosen, rejected)

        # Policy and reference agree; in the first pair, both answers are also equally likely.
        chosen = np.array([-12.5, *_summed(r, 2)])
        rejected = np.array([-12.5, *_summed(r, 2)])
        add(f"{seed}_equal", chosen, rejected, chosen, rejected)

        # Small differences, down to the resolution of float64; float32 loses most of them.
        chosen, rejected = binary(-r.uniform(5, 60, (2, 4)), 10)
        step = np.array([1e-12, -1e-9, 1e-6, -1e-3])
        add(f"{seed}_tiny", chosen + step, rejected - 2 * step, chosen, rejected)
    return sets


def mean_inputs(near_zero: bool = False) -> dict:
    """Per-token mean log-probs of pairs, for losses without a reference."""
    sets = {}
    for seed in SEEDS:
        for count in BATCHES:
            r = rng(seed, f"mean{count}")
            chosen = binary(-r.uniform(0.15, 3, count), 14)
            sets[f"{seed}_B{count}"] = dict(chosen=chosen, rejected=binary(-r.uniform(0.2, 4, count), 14))
        r = rng(seed, "meanEqual")
        same = binary(-r.uniform(0.2, 3, 3), 14)
        sets[f"{seed}_equal"] = dict(chosen=same, rejected=same)
        sets[f"{seed}_tiny"] = dict(chosen=same + np.array([1e-12, -1e-8, 1e-5]), rejected=same)
        if near_zero:
            sets[f"{seed}_nearZero"] = dict(
                chosen=np.array([-1e-3, -1e-6, -1e-9, -1e-3, -0.5, -1e-12]) * (1 if seed == "A" else 3),
                rejected=np.array([-0.7, -1.1, -1e-3, -1e-6, -1e-9, -1e-12]) * (1 if seed == "A" else 2),
            )
        sets[f"{seed}_veryNegative"] = dict(
            chosen=binary(np.array([-30, -3, -80, -8]) - r.uniform(0, 1, 4), 10),
            rejected=binary(np.array([-3, -30, -8, -80]) - r.uniform(0, 1, 4), 10),
        )
    return sets


def mean_pair_inputs() -> dict:
    """Per-token mean log-probs of pairs under the policy and the reference, and running statistics of their margins."""
    sets = {}
    for name, fields in mean_inputs().items():
        r = rng(name[0], f"meanPair{name}")
        sets[name] = {f"policy{side}": fields[side.lower()] for side in ("Chosen", "Rejected")}
        for side in ("Chosen", "Rejected"):
            sets[name][f"reference{side}"] = fields[side.lower()] + binary(r.normal(0, 0.25, len(fields["chosen"])), 14)
        sets[name]["mean"] = float(binary(r.normal(0.25, 0.25), 10))
        sets[name]["std"] = float(binary(r.uniform(0.25, 0.75), 10))
    return sets


def sum_inputs() -> dict:
    """Summed log-probs of pairs, for losses without a reference: the policy's of `pair_inputs`."""
    return {
        name: dict(chosen=fields["policyChosen"], rejected=fields["policyRejected"])
        for name, fields in pair_inputs().items()
        if "tiny" not in name
    }


def with_lengths(sets: dict) -> dict:
    """Add the number of tokens of each completion to the pairs of `pair_inputs`."""
    for name, fields in sets.items():
        r = rng(name[0], f"lengths{name}")
        for side in ("chosenLengths", "rejectedLengths"):
            fields[side] = r.integers(1, 121, len(fields["policyChosen"]))
    return sets


def with_divergences(sets: dict) -> dict:
    """Add the sequential KL divergence of each completion to the pairs of `pair_inputs`."""
    for name, fields in sets.items():
        r = rng(name[0], f"divergences{name}")
        for side in ("chosenKl", "rejectedKl"):
            fields[side] = binary(r.gamma(2, 3, len(fields["policyChosen"])), 10)
    return sets


def with_rewards(sets: dict) -> dict:
    """Add the rewards of both completions to the pairs of `pair_inputs`."""
    for name, fields in sets.items():
        r = rng(name[0], f"pairRewards{name}")
        for side, center in (("chosenRewards", 0.5), ("rejectedRewards", -0.5)):
            fields[side] = binary(r.normal(center, 1.5, len(fields["policyChosen"])), 10)
    return sets


def with_ties(sets: dict) -> dict:
    """Add ties to the pairs of `pair_inputs`: every other pair."""
    for name, fields in sets.items():
        first = int(name[0] == "A")
        fields["tie"] = (np.arange(len(fields["policyChosen"])) + first) % 2
    return sets


def realistic_pairs(**more) -> dict:
    """The realistic pairs, with more fields: `more` gives of each a function of (generator, number of pairs)."""
    sets = {}
    for name, fields in pair_inputs().items():
        if kind_of(name)[0] == "B":
            r = rng(name[0], f"more{name}")
            sets[name] = {
                **fields,
                **{field: binary(draw(r, len(fields["policyChosen"])), 10) for field, draw in more.items()},
            }
    return sets


def with_imageless(sets: dict) -> dict:
    """Pairs with the log-probs of the chosen side under a spoiled image, which are somewhat lower."""
    for name, fields in sets.items():
        r = rng(name[0], f"imageless{name}")
        count = len(fields["policyChosen"])
        lost = binary(np.abs(r.normal(6, 3, (2, count))), 10)
        fields["policyImageless"] = fields["policyChosen"] - lost[0]
        fields["referenceImageless"] = fields["referenceChosen"] - lost[1]
    return sets


def prediction_errors() -> dict:
    """Errors of one predicted number per image under the policy and the reference, for diffusion models, with labels of the images."""
    sets = {}
    for seed in SEEDS:
        for count in BATCHES:
            r = rng(seed, f"errors{count}")
            reference = binary(r.uniform(0.1, 1.2, (2, count)), 10)
            policy = reference + binary(r.normal(0, 0.01, (2, count)), 16)
            names = ("policyChosen", "policyRejected", "referenceChosen", "referenceRejected")
            sets[f"{seed}_B{count}"] = dict(zip(names, (*policy, *reference)))
    return sets


def small_ratio_inputs() -> dict:
    """Pairs whose log-ratios are small enough for losses that are exponential in them."""
    sets = {name: fields for name, fields in pair_inputs().items() if "extreme" not in name}
    for name, fields in sets.items():
        if "_B" not in name:
            continue
        r = rng(name[0], f"smallRatio{name}")
        for side in ("Chosen", "Rejected"):
            reference = fields[f"reference{side}"]
            fields[f"policy{side}"] = np.minimum(-1, reference + binary(r.normal(0, 2, len(reference)), 10))
    return sets


# Batch size and number of candidates.
LISTS = ((1, 2), (5, 3), (6, 4), (2, 7))


def list_inputs() -> dict:
    """Summed log-probs of K candidates, best first, under the policy and the reference, with their rewards."""
    sets = {}
    for seed in SEEDS:
        for count, candidates in LISTS:
            r = rng(seed, f"list{count}x{candidates}")
            reference = np.array([_summed(r, candidates) for _ in range(count)])
            policy = np.minimum(-1, reference + binary(r.normal(0, 4, reference.shape), 10))
            rewards = -np.sort(-binary(r.normal(0, 1.5, reference.shape), 10), axis=1)
            sets[f"{seed}_B{count}K{candidates}"] = dict(policy=policy, reference=reference, rewards=rewards)
        r = rng(seed, "listExtreme")
        reference = binary(-r.uniform(11000, 12000, (3, 4)), 2)
        ratios = np.array([[5000, 0, -100, -5000], [-5000, 0, 100, 5000], [0, 0, 0, 0]])
        rewards = np.array([[3, 2, 1, 0], [40, 1, 0, -40], [2.5, 1, 0.5, 0]])
        sets[f"{seed}_extreme"] = dict(policy=reference + ratios, reference=reference, rewards=rewards)
    return sets


def mean_list_inputs() -> dict:
    """Per-token mean log-probs of K candidates, best first, with their rewards."""
    sets = {}
    for seed in SEEDS:
        for count, candidates in LISTS:
            r = rng(seed, f"meanList{count}x{candidates}")
            policy = binary(-r.uniform(0.15, 4, (count, candidates)), 14)
            rewards = -np.sort(-binary(r.normal(0, 1.5, policy.shape), 10), axis=1)
            sets[f"{seed}_B{count}K{candidates}"] = dict(policy=policy, rewards=rewards)
        jitter = rng(seed, "meanListExtreme").uniform(0, 1, (2, 4))
        sets[f"{seed}_extreme"] = dict(
            policy=binary(np.array([[-30, -3, -80, -8], [-0.5, -80, -1, -40]]) - jitter, 10),
            rewards=np.array([[30, 1, 0, -30], [2.5, 1, 0.5, 0]]),
        )
    return sets


def completion_inputs() -> dict:
    """Token log-probs `[2B, T]` of pairs, chosen rows first, under policy and reference, and the mask of counted tokens."""
    sets = {}
    for seed in SEEDS:
        for pairs, steps in ((1, 4), (3, 9), (2, 16)):
            r = rng(seed, f"completion{pairs}x{steps}")
            logps = binary(-r.gamma(1, 1.2, (2 * pairs, steps)), 12)
            mask = np.zeros(logps.shape, dtype=int)
            for row in mask:
                prompt = int(r.integers(0, steps // 2))
                row[prompt : prompt + int(r.integers(1, steps - prompt + 1))] = 1
            sets[f"{seed}_B{pairs}T{steps}"] = dict(
                logps=logps,
                reference=logps + binary(r.normal(0, 0.8, logps.shape), 12),
                logSumSquares=binary(-r.gamma(1, 0.8, logps.shape), 12),
                mask=mask,
            )
    return sets


UNPAIRED_LABELS = {
    "B1desirable": [1],
    "B1undesirable": [0],
    "B5": [1, 0, 1, 1, 0],
    "B6": [0, 1, 0, 0, 1, 0],
    "B5allDesirable": [1] * 5,
    "B6allUndesirable": [0] * 6,
    "B6klNegative": [1, 0, 0, 1, 1, 0],
    "B4equal": [1, 0, 1, 0],
    "extreme": [1, 0, 1, 0, 1, 0],
}


def unpaired_inputs() -> dict:
    """Summed log-probs of unpaired examples, and of as many mismatched completions for the KL estimate."""
    sets = {}
    for seed in SEEDS:
        for kind, labels in UNPAIRED_LABELS.items():
            r = rng(seed, f"unpaired{kind}")
            count = len(labels)
            reference, kl_reference = _summed(r, count), _summed(r, count)
            ratio, kl_ratio = r.normal(0, 4, count), r.normal(2, 3, count)
            kl_ratio += abs(r.normal(1.5, 0.5)) - kl_ratio.mean()  # a positive mean
            if kind == "B6klNegative":
                kl_ratio = -np.abs(kl_ratio)
            if kind == "B4equal":
                ratio, kl_ratio = np.zeros(count), np.zeros(count)
            if kind == "extreme":
                reference = reference - 1000
                ratio = np.array([1000, 1000, -1000, -1000, 35, 35])
            sets[f"{seed}_{kind}"] = dict(
                policy=reference + binary(ratio, 10),
                reference=reference,
                desirable=np.array(labels),
                klPolicy=kl_reference + binary(kl_ratio, 10),
                klReference=kl_reference,
            )
    return sets


def labelled_inputs() -> dict:
    """The examples of `unpaired_inputs`, without the mismatched completions."""
    names = ("policy", "reference", "desirable")
    return {
        name: {k: fields[k] for k in names} for name, fields in unpaired_inputs().items() if "klNegative" not in name
    }


SINGLE = {"B1desirable": "B1", "B5": "B5", "B6": "B6", "B4equal": "equal", "extreme": "extreme"}


def single_inputs() -> dict:
    """Summed log-probs of single completions under policy and reference: the examples of `unpaired_inputs` without labels."""
    sets = {}
    for name, fields in unpaired_inputs().items():
        seed, kind = name.split("_", 1)
        if kind in SINGLE:
            sets[f"{seed}_{SINGLE[kind]}"] = {k: fields[k] for k in ("policy", "reference")}
    return sets


def single_mean_inputs() -> dict:
    """Per-token mean log-probs of single completions."""
    return {name: dict(policy=fields["chosen"]) for name, fields in mean_inputs(near_zero=True).items() if "tiny" not in name}


def sampled_reward_inputs() -> dict:
    """Rewards of K samples of each prompt, `[B, K]`: of a reward model, of a checker (0 or 1), and far apart."""
    sets = {}
    for seed in SEEDS:
        for count, samples in ((1, 2), (5, 8), (6, 3)):
            r = rng(seed, f"sampledReward{count}x{samples}")
            sets[f"{seed}_B{count}K{samples}"] = dict(rewards=binary(r.normal(0, 1.5, (count, samples)), 10))
        r = rng(seed, "sampledRewardBinary")
        sets[f"{seed}_B6K8binary"] = dict(rewards=r.integers(0, 2, (6, 8)).astype(float))
        sets[f"{seed}_extreme"] = dict(rewards=np.array([[1000, -1000, 0, 999.5], [-3000, -2999, -3000, -3500], [7, 7, 7, 7]]))
    return sets


def reward_inputs() -> dict:
    """Scores of a reward model."""
    sets = {}
    for seed in SEEDS:
        for count in BATCHES:
            r = rng(seed, f"reward{count}")
            chosen = binary(r.normal(0.5, 2, count), 10)
            sets[f"{seed}_B{count}"] = dict(chosen=chosen, rejected=binary(r.normal(-0.3, 2, count), 10))
        r = rng(seed, "rewardExtreme")
        jitter = binary(r.uniform(-1, 1, 6), 10)
        sets[f"{seed}_extreme"] = dict(
            chosen=np.array([800, -800, 0, 1e-12, 5, -30]) + jitter,
            rejected=np.array([-200, 200, 0, 0, 5, 30]) + jitter,
        )
    return sets


def _labels(r, rows, steps, vocabulary) -> np.ndarray:
    """Next-token labels: -100 on the prompt and on padding; the second row has no counted token."""
    labels = r.integers(0, vocabulary, (rows, steps))
    for row in labels:
        prompt = int(r.integers(0, 2))
        length = int(r.integers(1, steps - prompt + 1))
        row[:prompt] = -100
        row[prompt + length :] = -100
    labels[0] = r.integers(0, vocabulary, steps)
    labels[0, 0], labels[0, 1] = 0, vocabulary - 1
    labels[1] = -100
    return labels


# name: rows, steps, vocabulary, standard deviation of the logits
TOKEN_SHAPES = {
    "N4T5V7": (4, 5, 7, 2.0),
    "N6T3V11": (6, 3, 11, 2.0),
    "peaky": (4, 3, 5, 150.0),
    "N2T1V2": (2, 1, 2, 1.0),
}


def token_inputs() -> dict:
    """Logits `[N, T, V]` and next-token labels `[N, T]`, which are -100 where they are ignored."""
    sets = {}
    for seed in SEEDS:
        for kind, (rows, steps, vocabulary, scale) in TOKEN_SHAPES.items():
            r = rng(seed, f"tokens{kind}")
            logits = binary(r.normal(0, scale, (rows, steps, vocabulary)), 7)
            if steps > 1:
                labels = _labels(r, rows, steps, vocabulary)
            else:
                labels = np.array([[1], [-100]])
            sets[f"{seed}_{kind}"] = dict(logits=logits, labels=labels)
    return sets


def two_logits_inputs() -> dict:
    """Logits of policy and reference, `[N, V]`."""
    sets = {}
    for seed in SEEDS:
        for kind, (rows, vocabulary, scale, gap) in {"B4V7": (4, 7, 2, 2), "B3V5": (3, 5, 2, 1), "B6V11": (6, 11, 3, 3)}.items():
            r = rng(seed, f"twoLogits{kind}")
            policy = binary(r.normal(0, scale, (rows, vocabulary)), 7)
            reference = binary(policy + r.normal(0, gap, (rows, vocabulary)), 10)
            sets[f"{seed}_{kind}"] = dict(policy=policy, reference=reference)
    return sets


def weighted_token_inputs() -> dict:
    """Logits `[N, T, V]`, labels aligned with the tokens `[N, T]` (-100 where they are ignored), and weights `[N, T]`."""
    sets = {}
    for seed in SEEDS:
        for rows, steps, vocabulary in ((3, 4, 5), (4, 3, 4)):
            r = rng(seed, f"weightedTokens{rows}x{steps}")
            labels = _labels(r, rows, steps, vocabulary)
            labels[:, 0] = -100  # nothing predicts the first token
            weights = binary(r.gamma(1, 1, (rows, steps)), 10)
            weights[0, steps - 1] = 0
            sets[f"{seed}_N{rows}T{steps}V{vocabulary}"] = dict(
                logits=binary(r.normal(0, 2, (rows, steps, vocabulary)), 7), labels=labels, weights=weights
            )
    return sets
