"""Write reference.json: results of SmolLM2 in PyTorch in float64, for the tests. See README.md.

    node get-weights.mjs
    pip install torch gguf transformers
    python reference.py

The forward pass is written out in this file, because transformers computes norms, softmax and rotary angles in float32.
"""

import json
import math
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers
from gguf.quants import dequantize

HERE = Path(__file__).resolve().parent
WEIGHTS = HERE / "weights" / "SmolLM2-135M-Instruct.Q4_1.gguf"
DATA = HERE.parent / "data" / "hh-rlhf-sample.jsonl"
PAIRS = 8
WIDTH = 64
RANK, SCALE, BETA, RATE, STEPS = 8, 2.0, 0.1, 1e-3, 4

torch.set_default_dtype(torch.float64)


def read_weights():
    reader = gguf.GGUFReader(WEIGHTS)
    field = lambda name: reader.fields[f"llama.{name}"].contents()
    config = {
        "layers": field("block_count"),
        "heads": field("attention.head_count"),
        "kv": field("attention.head_count_kv"),
        "eps": field("attention.layer_norm_rms_epsilon"),
        "theta": field("rope.freq_base"),
    }
    weights = {}
    for tensor in reader.tensors:
        values = torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).astype(np.float64))
        heads = {"attn_q.weight": config["heads"], "attn_k.weight": config["kv"]}.get(tensor.name.split(".", 2)[-1])
        if heads:  # llama.cpp stores the two values of a rotary pair side by side
            out, inner = values.shape
            values = values.reshape(heads, out // heads // 2, 2, inner).transpose(1, 2).reshape(out, inner)
        weights[tensor.name] = values
    return config, weights


def norm(x, gain, eps):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * gain


def rotate(x, theta):
    half = x.shape[-1] // 2
    angles = torch.arange(x.shape[-2])[:, None] * theta ** (-torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)


def hidden(config, w, ids, lora=None):
    """Return the last hidden states [T, D] of one sequence."""

    def linear(name, x):
        y = x @ w[f"{name}.weight"].T
        return y if lora is None or name not in lora else y + SCALE * (x @ lora[name][0] @ lora[name][1])

    def heads(x, n):
        return x.reshape(len(ids), n, -1).transpose(0, 1)

    x = w["token_embd.weight"][ids]
    for i in range(config["layers"]):
        b = f"blk.{i}."
        h = norm(x, w[b + "attn_norm.weight"], config["eps"])
        q = rotate(heads(linear(b + "attn_q", h), config["heads"]), config["theta"])
        k = rotate(heads(linear(b + "attn_k", h), config["kv"]), config["theta"])
        v = heads(linear(b + "attn_v", h), config["kv"])
        k, v = (t.repeat_interleave(config["heads"] // config["kv"], 0) for t in (k, v))
        scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1])
        scores = scores.masked_fill(torch.ones(len(ids), len(ids)).triu(1).bool(), -math.inf)
        attended = (scores.softmax(-1) @ v).transpose(0, 1).reshape(len(ids), -1)
        x = x + linear(b + "attn_output", attended)
        h = norm(x, w[b + "ffn_norm.weight"], config["eps"])
        gate = linear(b + "ffn_gate", h)
        x = x + linear(b + "ffn_down", gate * gate.sigmoid() * linear(b + "ffn_up", h))
    return norm(x, w["output_norm.weight"], config["eps"])


def log_prob(config, w, sequence, lora=None):
    """Return the summed log-prob of the completion."""
    ids, start = sequence
    states = hidden(config, w, torch.tensor(ids), lora)[start - 1 : -1]
    logps = (states @ w["token_embd.weight"].T).log_softmax(-1)
    return logps[torch.arange(len(ids) - start), torch.tensor(ids[start:])].sum()


def hashed(size, seed, width):
    """The numbers of `hashed` in ../../tools/hashed.ts."""
    h = (np.arange(size, dtype=np.uint64) + np.uint64(seed * 0x9E3779B1 & 0xFFFFFFFF)) & np.uint64(0xFFFFFFFF)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = ((h ^ (h >> np.uint64(shift))) * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    h ^= h >> np.uint64(16)
    return (width * ((h >> np.uint64(8)).astype(np.float64) / 2**23 - 1)).astype(np.float64)


def new_lora(config, w):
    lora, seed = {}, 0
    for i in range(config["layers"]):
        for name in (f"blk.{i}.attn_q", f"blk.{i}.attn_v"):
            out, inner = w[f"{name}.weight"].shape
            a = torch.from_numpy(hashed(inner * RANK, seed, 2.0**-5)).reshape(inner, RANK).requires_grad_()
            lora[name] = (a, torch.zeros(RANK, out, requires_grad=True))
            seed += 1
    return lora


def train(config, w, pairs):
    """Train with DPO and LoRA on queries and values. Return the loss and the gradient norm of each step."""
    lora = new_lora(config, w)
    parameters = [p for pair in lora.values() for p in pair]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0)
    with torch.no_grad():
        reference = [[log_prob(config, w, side) for side in pair] for pair in pairs]
    steps = []
    for _ in range(STEPS):
        total, losses = 0.0, []
        for pair, (chosen, rejected) in zip(pairs, reference):
            policy = [log_prob(config, w, side, lora) for side in pair]
            losses.append(torch.nn.functional.softplus(-BETA * ((policy[0] - chosen) - (policy[1] - rejected))))
        total = torch.stack(losses).mean()
        optimizer.zero_grad()
        total.backward()
        norms = math.sqrt(sum(p.grad.square().sum().item() for p in parameters))
        optimizer.step()
        steps.append({"loss": total.item(), "gradientNorm": norms})
        print(steps[-1])
    return steps


TINY = {"layers": 2, "width": 16, "heads": 4, "kv": 2, "eps": 1e-5, "theta": 100.0}
TINY_TOKENS, TINY_FFN = 40, 24


def tiny():
    """Return results of a Llama with a few thousand weights from a formula, on two sequences, for tests on all engines."""
    width, kv_width = TINY["width"], TINY["width"] // TINY["heads"] * TINY["kv"]
    shapes = {"token_embd.weight": (TINY_TOKENS, width), "output_norm.weight": (width,)}
    for i in range(TINY["layers"]):
        b = f"blk.{i}."
        for name in ("attn_norm", "ffn_norm"):
            shapes[f"{b}{name}.weight"] = (width,)
        for name, out, inner in (
            ("attn_q", width, width),
            ("attn_k", kv_width, width),
            ("attn_v", kv_width, width),
            ("attn_output", width, width),
            ("ffn_gate", TINY_FFN, width),
            ("ffn_up", TINY_FFN, width),
            ("ffn_down", width, TINY_FFN),
        ):
            shapes[f"{b}{name}.weight"] = (out, inner)
    w = {}
    for seed, (name, shape) in enumerate(shapes.items()):
        values = torch.from_numpy(hashed(math.prod(shape), seed, 0.5)).reshape(shape)
        w[name] = 1 + values if len(shape) == 1 else values
    sequences = [([3, 1, 4, 1, 5, 9, 2, 6, 5, 35], 4), ([8, 9, 7, 9, 3, 2, 38], 3)]
    lora = new_lora(TINY, w)
    for i, (_, b) in enumerate(lora.values()):
        b.data = torch.from_numpy(hashed(b.numel(), 50 + i, 0.5)).reshape(b.shape)
    parameters = {f"{name}.{part}": p for name, pair in lora.items() for part, p in zip("ab", pair)}
    plain = [log_prob(TINY, w, sequence).item() for sequence in sequences]
    adapted = torch.stack([log_prob(TINY, w, sequence, lora) for sequence in sequences])
    # Unequal weights, so that errors do not cancel.
    (adapted[0] - 0.5 * adapted[1]).backward()
    return {
        "config": TINY,
        "shapes": shapes,
        "sequences": [{"tokens": tokens, "start": start} for tokens, start in sequences],
        "logps": plain,
        "adapted": adapted.tolist(),
        "grads": {name: p.grad.tolist() for name, p in parameters.items()},
    }


def main():
    config, w = read_weights()
    tokenizer = transformers.AutoTokenizer.from_pretrained(WEIGHTS.parent, gguf_file=WEIGHTS.name)
    rows = [json.loads(line) for line in DATA.read_text().splitlines()]

    def encode(messages, answer):
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=answer)
        return tokenizer(text, add_special_tokens=False)["input_ids"]

    def sides(row):
        start = len(encode(row["prompt"], True))
        return [(encode(row["prompt"] + row[side], False), start) for side in ("chosen", "rejected")]

    encoded = [sides(row) for row in rows]
    pairs = []
    with torch.no_grad():
        for row, pair in zip(range(PAIRS), encoded):
            logps = [log_prob(config, w, side).item() for side in pair]
            pairs.append({"row": row, "promptLength": pair[0][1], "chosen": pair[0][0], "rejected": pair[1][0], "logps": logps})
            print(row, [len(side[0]) for side in pair], logps)
    # The first two pairs whose prompt leaves at least eight tokens of the width for the answer.
    short = [i for i, pair in enumerate(encoded) if pair[0][1] <= WIDTH - 8][:2]
    cut = [[(ids[:WIDTH], start) for ids, start in encoded[i]] for i in short]
    reference = {
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "tiny": tiny(),
        "pairs": pairs,
        "training": {"rows": short, "width": WIDTH, "rank": RANK, "scale": SCALE, "beta": BETA, "learningRate": RATE, "steps": train(config, w, cut)},
    }
    (HERE / "reference.json").write_text(json.dumps(reference) + "\n")


main()
