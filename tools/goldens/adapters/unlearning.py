"""Unlearning: locuslab/open-unlearning, and OPTML-Group/Unlearn-Simple by the authors of SimNPO."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import pair_tensors, result
from lib import pairs
from lib.slicing import extract
from lib.tensors import constant, row_by_row, variable

OPEN, SIMPLE = "open-unlearning", "unlearn-simple"
NPO_FUNCTION = "src/trainer/utils.py compute_dpo_loss without win_inputs (compute_batch_nll stubbed), one call per row"
SIMNPO_FUNCTION = (
    "src/trainer/unlearn/simnpo.py SimNPO.compute_loss without data to retain (compute_batch_nll stubbed, one token per "
    "row), one call per row"
)
SIMPLE_FUNCTION = (
    "TOFU/dataloader.py CustomTrainerForgetting.compute_loss without data to retain (get_batch_loss stubbed, one token "
    "per row), one call per row"
)
IDK_FUNCTION = "src/trainer/utils.py compute_dpo_loss (compute_batch_nll stubbed), one call per pair"
POLICY = ("policy",)
NO_LABELS = torch.zeros(1, 1, dtype=torch.long)


def _single(fields) -> tuple:
    return variable(fields["policy"]), constant(fields["reference"])


def _open_dpo_loss():
    """The function of open-unlearning. A model is the negative log-probs that it gives, by the input."""
    names = dict(torch=torch, F=F, compute_batch_nll=lambda model, side: (-model[side], None))
    return extract(OPEN, "src/trainer/utils.py", "compute_dpo_loss", names)


def npo(options, fields):
    """NPO of open-unlearning."""
    compute_dpo_loss = _open_dpo_loss()

    def one_row(policy, reference):
        return compute_dpo_loss(dict(y=policy), dict(y=reference), lose_inputs="y", beta=options["beta"])[0]

    policy, reference = _single(fields)
    return result(row_by_row(one_row, policy, reference), POLICY, [policy])


def idk_dpo(options, fields):
    """DPO of open-unlearning, with the refusals as the chosen side."""
    compute_dpo_loss = _open_dpo_loss()

    def one_pair(policy_chosen, policy_rejected, reference_chosen, reference_rejected):
        policy = dict(win=policy_chosen, lose=policy_rejected)
        reference = dict(win=reference_chosen, lose=reference_rejected)
        return compute_dpo_loss(policy, reference, "win", "lose", options["beta"])[0]

    tensors = pair_tensors(fields)
    return result(row_by_row(one_pair, *tensors), pairs.POLICY, tensors)


def sim_npo(options, fields):
    """SimNPO of open-unlearning. Its gamma and alpha weigh the losses of the data to forget and to retain."""
    names = dict(F=F, GradDiff=object, compute_batch_nll=lambda model, _inputs: (model, None))
    compute_loss = extract(OPEN, "src/trainer/unlearn/simnpo.py", "SimNPO.compute_loss", names)
    trainer = SimpleNamespace(
        delta=options["gammaBetaRatio"], beta=options["beta"], gamma=1.0, alpha=0.0, compute_retain_loss=lambda **_: 0.0
    )
    data = dict(input_ids=None, attention_mask=None, labels=NO_LABELS)
    policy = variable(fields["policy"])
    losses = row_by_row(lambda row: compute_loss(trainer, -row, dict(forget=data, retain=data)), policy)
    return result(losses, POLICY, [policy])


def _simple(loss_type, options, policy, reference=None):
    """A loss of Unlearn-Simple. The logits of a model are the negative log-prob that it gives."""
    names = dict(torch=torch, F=F, nn=torch.nn, get_batch_loss=lambda logits, _labels: logits)
    compute_loss = extract(SIMPLE, "TOFU/dataloader.py", "CustomTrainerForgetting.compute_loss", names)
    model_of = lambda logps: lambda *_args, **_kwargs: SimpleNamespace(logits=-logps)  # noqa: E731
    trainer = SimpleNamespace(
        loss_type=loss_type,
        ref_policy="fine_tuned",
        beta=options["beta"],
        gamma=options.get("gammaBetaRatio"),
        oracle_model=None if reference is None else model_of(reference),
    )
    return compute_loss(trainer, model_of(policy), ((None, NO_LABELS, None), None))


def simple_npo(options, fields):
    """NPO of Unlearn-Simple."""
    policy, reference = _single(fields)
    losses = row_by_row(lambda *row: _simple("npo", options, *row), policy, reference)
    return result(losses, POLICY, [policy])


def simple_sim_npo(options, fields):
    """SimNPO of its authors."""
    policy = variable(fields["policy"])
    return result(row_by_row(lambda row: _simple("simnpo", options, row), policy), POLICY, [policy])
