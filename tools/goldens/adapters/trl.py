"""TRL 1.16.0: DPO and KTO trainers, the experimental CPO and ORPO trainers, the reward trainer."""

from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

from adapters.pairs import CHOSEN_REJECTED, POLICY, pair_tensors, result
from lib.slicing import extract, run_and_keep_locals
from lib.stubs import TRL_HELPERS, FixedOutput, Metrics, trl_trainer
from lib.tensors import constant, grads_of_sum, row_by_row, variable

TRL = "trl-1.16.0"
ORPO_PATH = "trl/experimental/orpo/orpo_trainer.py"
TO_FLOAT64 = ((".float()", ".double()"),)

DPO_FUNCTION = (
    "trl/trainer/dpo_trainer.py DPOTrainer._compute_loss (stub self; a stub model returns each sum as the log-prob of "
    "one token, so that its length normalisation divides by 1)"
)
CPO_FUNCTION = "trl/experimental/cpo/cpo_trainer.py CPOTrainer.cpo_loss (stub self)"
ORPO_FUNCTION = (
    f"{ORPO_PATH} ORPOTrainer.odds_ratio_loss and log1mexp (stub self), .float() replaced by .double(); with nll: "
    "through ORPOTrainer.get_batch_loss_metrics, one call per pair, log-probs and nll given by a stub forward"
)
KTO_FUNCTION = "trl/trainer/kto_trainer.py KTOTrainer._compute_loss (stub self and models)"
REWARD_FUNCTION = "trl/trainer/reward_trainer.py RewardTrainer.compute_loss (stub self and model), one call per pair"


def _trl_dpo_names() -> dict:
    return dict(torch=torch, F=F, **TRL_HELPERS)


def run_dpo(loss_type, options, outputs, reference_sums, completion_mask, patches=()):
    """Drive `_compute_loss` with given model outputs `[2B, T]`; the mask `[2B, T + 1]` is the unshifted one.

    Returns the loss, the local variables of the method, and the metrics that it logged.
    """
    path = "trl/trainer/dpo_trainer.py"
    compute_loss = extract(TRL, path, "DPOTrainer._compute_loss", _trl_dpo_names(), patches)
    model = FixedOutput(**outputs)
    trainer = trl_trainer(
        model=model,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=[loss_type],
        loss_weights=[1.0],
        beta=options["beta"],
        label_smoothing=0.0,
        use_weighting=False,
    )
    inputs = dict(
        input_ids=torch.zeros(completion_mask.shape, dtype=torch.long),
        attention_mask=torch.ones(completion_mask.shape, dtype=torch.long),
        completion_mask=completion_mask,
        ref_chosen_logps=reference_sums[0],
        ref_rejected_logps=reference_sums[1],
    )
    loss, local = run_and_keep_locals(compute_loss, trainer, model, inputs, False)
    return loss, local, trainer._metrics["train"].latest()


def one_token_outputs(sums: torch.Tensor) -> tuple:
    """Model outputs and mask for completions of one token, whose log-prob is the whole sum."""
    nothing = torch.zeros(len(sums), 1)
    outputs = dict(
        log_probs=sums[:, None], entropy=nothing, mean_logits=nothing, is_top1=nothing.bool(), log_sum_sq_probs=nothing
    )
    mask = torch.tensor([[0, 1]] * len(sums))
    return outputs, mask


def _dpo(loss_type):
    def adapter(options, fields):
        chosen, rejected, *reference = pair_tensors(fields)
        outputs, mask = one_token_outputs(torch.cat([chosen, rejected]))
        _, local, _ = run_dpo(loss_type, options, outputs, reference, mask)
        return result(local["per_sequence_loss"], POLICY, (chosen, rejected))

    return adapter


dpo = _dpo("sigmoid")
ipo = _dpo("ipo")


def cpo_ipo(options, fields):
    """CPO's `ipo`, on per-token mean log-probs and without a reference."""
    path = "trl/experimental/cpo/cpo_trainer.py"
    loss_function = extract(TRL, path, "CPOTrainer.cpo_loss", dict(torch=torch, F=F))
    trainer = trl_trainer(loss_type="ipo", alpha=0.0, label_smoothing=0.0, beta=options["beta"])
    tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
    losses, *_ = loss_function(trainer, *tensors)
    return result(losses, CHOSEN_REJECTED, tensors)


def _orpo_trainer(options) -> tuple:
    names = dict(torch=torch, F=F, is_torch_xla_available=lambda: False)
    extract(TRL, ORPO_PATH, "log1mexp", names)
    odds_ratio_loss = extract(TRL, ORPO_PATH, "ORPOTrainer.odds_ratio_loss", names, TO_FLOAT64)
    combine = extract(TRL, ORPO_PATH, "ORPOTrainer.get_batch_loss_metrics", names)
    trainer = trl_trainer(beta=options["lambda"])
    trainer.odds_ratio_loss = lambda *logps: odds_ratio_loss(trainer, *logps)
    return trainer, combine


def orpo_odds(options, fields):
    """The odds-ratio term alone. TRL's function returns it with the opposite sign."""
    trainer, _ = _orpo_trainer(options)
    tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
    negated, *_ = trainer.odds_ratio_loss(*tensors)
    return result(-negated, CHOSEN_REJECTED, tensors)


def orpo_with_nll(options, fields):
    """The whole ORPO loss, with a given negative log-likelihood per pair."""
    trainer, combine = _orpo_trainer(options)
    names = (*CHOSEN_REJECTED, "nll")
    tensors = [variable(fields[k]) for k in names]

    def one_pair(chosen, rejected, nll):
        logits = torch.zeros(1)
        trainer.concatenated_forward = lambda *_: (chosen, rejected, logits, logits, nll[0])
        return combine(trainer, None, {})[0]

    return result(row_by_row(one_pair, *tensors), names, tensors)


def run_kto(options, fields) -> tuple:
    """Drive KTO's `_compute_loss`; returns the policy tensor, the method's locals and its metrics."""
    names = dict(torch=torch, F=F, **TRL_HELPERS)
    compute_loss = extract(TRL, "trl/trainer/kto_trainer.py", "KTOTrainer._compute_loss", names)
    policy = variable(fields["policy"])
    nothing = torch.zeros(len(policy), 1)
    model = FixedOutput(log_probs=policy[:, None], entropy=nothing, mean_logits=nothing)
    reference_model = FixedOutput(log_probs=constant(fields["reference"])[:, None])
    trainer = trl_trainer(
        model=model,
        ref_model=reference_model,
        precompute_ref_logps=False,
        calculate_KL=True,
        loss_type="kto",
        beta=options["beta"],
        desirable_weight=options["desirableWeight"],
        undesirable_weight=options["undesirableWeight"],
        args=SimpleNamespace(gradient_checkpointing_kwargs=None),
    )
    kl_logps = {id(model): constant(fields["klPolicy"]), id(reference_model): constant(fields["klReference"])}
    trainer._compute_kl_logps = lambda which, _batch: kl_logps[id(which)]
    tokens = torch.ones(len(policy), 2, dtype=torch.long)
    inputs = dict(
        input_ids=tokens,
        attention_mask=tokens,
        completion_mask=torch.tensor([[0, 1]] * len(policy)),
        label=torch.tensor(fields["desirable"]).bool(),
    )
    _, local = run_and_keep_locals(compute_loss, trainer, model, inputs, False)
    return policy, local, trainer._metrics["train"].latest()


def kto(options, fields):
    """KTO; TRL returns desirable rows first, here they go back into input order."""
    policy, local, _ = run_kto(options, fields)
    losses = local["losses"]
    grads = grads_of_sum(losses, {"policy": policy})
    order = np.argsort(1 - np.asarray(fields["desirable"]), kind="stable")
    in_order = np.empty(len(order))
    in_order[order] = losses.detach().numpy()
    return dict(losses=in_order, grads=grads, kl=local["kl"].item())


def reward(options, fields):
    """Bradley-Terry loss of the reward trainer; it returns the mean, so each pair is one call."""
    path = "trl/trainer/reward_trainer.py"
    compute_loss = extract(TRL, path, "RewardTrainer.compute_loss", dict(torch=torch, nn=torch.nn))
    centering = options["centering"]
    args = SimpleNamespace(center_rewards_coefficient=centering or None)
    trainer = trl_trainer(model=FixedOutput(), args=args)

    def one_pair(chosen, rejected, margin):
        inputs = dict(attention_mask=torch.ones(2, 1), margin=margin)
        trainer._metrics["train"] = Metrics()
        model = FixedOutput(logits=torch.cat([chosen, rejected])[:, None])
        return compute_loss(trainer, model, inputs)

    tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
    margins = constant(np.broadcast_to(options["margin"], len(tensors[0])))
    return result(row_by_row(one_pair, *tensors, margins), CHOSEN_REJECTED, tensors)
