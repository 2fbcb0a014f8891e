"""TRL 1.16.0: the DPO, KTO and reward trainers, and the experimental CPO, ORPO and TPO trainers."""

import math
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

from adapters.pairs import in_input_order, pair_tensors, result
from lib.pairs import CHOSEN_REJECTED, POLICY
from lib.slicing import extract, run_and_keep_locals
from lib.stubs import TRL_HELPERS, FixedOutput, Metrics, trl_trainer
from lib.tensors import constant, grads_of_sum, row_by_row, variable

TRL = "trl-1.16.0"
ORPO_PATH = "trl/experimental/orpo/orpo_trainer.py"
TO_FLOAT64 = ((".float()", ".double()"),)
LENGTHS = ("chosenLengths", "rejectedLengths")

DPO_FUNCTION = (
    "trl/trainer/dpo_trainer.py DPOTrainer._compute_loss (stub self; a stub model returns each sum as the log-prob of "
    "one token, so that its length normalisation divides by 1)"
)
CPO_PATH = "trl/experimental/cpo/cpo_trainer.py"
CPO_FUNCTION = f"{CPO_PATH} CPOTrainer.cpo_loss (stub self)"
ORPO_FUNCTION = (
    f"{ORPO_PATH} ORPOTrainer.odds_ratio_loss and log1mexp (stub self), .float() replaced by .double(); with nll: "
    "through ORPOTrainer.get_batch_loss_metrics, one call per pair, log-probs and nll given by a stub forward"
)
KTO_FUNCTION = "trl/trainer/kto_trainer.py KTOTrainer._compute_loss (stub self and models)"
TPO_FUNCTION = (
    "trl/experimental/tpo/tpo_trainer.py TPOTrainer._compute_loss (stub self), one call per triple; "
    "selective_log_softmax_and_entropy stubbed with the given log-probs, each the one token of its completion; the gold "
    "response's logits are those of two tokens of which the label has the given log-prob"
)
WPO_FUNCTION = "trl/trainer/dpo_trainer.py DPOTrainer._compute_loss, use_weighting=True (stub self and model)"
LD_FUNCTION = "trl/trainer/dpo_trainer.py DPOTrainer._compute_loss, ld_alpha given (stub self and model)"
REWARD_FUNCTION = "trl/trainer/reward_trainer.py RewardTrainer.compute_loss (stub self and model), one call per pair"


def _trl_dpo_names() -> dict:
    return dict(torch=torch, F=F, math=math, **TRL_HELPERS)


def run_dpo(loss_type, options, outputs, reference_sums, completion_mask, patches=(), **attributes):
    """Call `_compute_loss` with given model outputs `[2B, T]` and the unshifted mask `[2B, T + 1]`.

    `attributes` are further attributes of the trainer. Return the loss, the local variables of the method, and the
    metrics that it logged.
    """
    path = "trl/trainer/dpo_trainer.py"
    compute_loss = extract(TRL, path, "DPOTrainer._compute_loss", _trl_dpo_names(), patches)
    model = FixedOutput(**outputs)
    defaults = dict(
        model=model,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=[loss_type],
        loss_weights=[1.0],
        beta=options["beta"],
        label_smoothing=options.get("labelSmoothing", 0.0),
        use_weighting=False,
        args=SimpleNamespace(discopop_tau=options.get("tau")),
    )
    trainer = trl_trainer(**{**defaults, **attributes})
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
    """Return model outputs and mask for completions of one token, whose log-prob is the whole sum."""
    return _token_outputs(sums[:, None]), torch.tensor([[0, 1]] * len(sums))


def _outputs_of_lengths(sums: torch.Tensor, lengths) -> tuple:
    """Return model outputs and mask for completions of given lengths, whose first token has the whole sum."""
    steps = torch.arange(max(lengths))
    return _token_outputs(F.pad(sums[:, None], (0, len(steps) - 1))), _unshifted(steps < torch.tensor(lengths)[:, None])


def _dpo(loss_type):
    def adapter(options, fields, patches=(), **attributes):
        chosen, rejected, *reference = pair_tensors(fields)
        sums = torch.cat([chosen, rejected])
        if "chosenLengths" in fields:
            outputs, mask = _outputs_of_lengths(sums, [int(n) for side in LENGTHS for n in fields[side]])
        else:
            outputs, mask = one_token_outputs(sums)
        _, local, _ = run_dpo(loss_type, options, outputs, reference, mask, patches, **attributes)
        return result(local["per_sequence_loss"], POLICY, (chosen, rejected))

    return adapter


dpo = _dpo("sigmoid")
sigmoid_norm = _dpo("sigmoid_norm")
ipo = _dpo("ipo")
robust = _dpo("robust")
hinge = _dpo("hinge")
exo_pair = _dpo("exo_pair")
nca_pair = _dpo("nca_pair")
bco_pair = _dpo("bco_pair")
sppo_hard = _dpo("sppo_hard")
apo_zero = _dpo("apo_zero")
apo_down = _dpo("apo_down")
discopop = _dpo("discopop")
aot = _dpo("aot")
aot_unpaired = _dpo("aot_unpaired")

DIVERGENCES = dict(
    reverseKl="reverse_kl", forwardKl="forward_kl", jensenShannon="js_divergence", alpha="alpha_divergence"
)
ALPHA_IN_FLOAT64 = (
    ("torch.float32: 80.0}", "torch.float32: 80.0, torch.float64: 80.0}"),
    ("t_chosen.float()", "t_chosen.double()"),
    ("t_rejected.float()", "t_rejected.double()"),
)


def _under_divergence(adapter, options, fields):
    """A loss on the scores of an f-divergence. TRL's coefficient is 1 minus the alpha of the paper."""
    kind = options["divergence"]
    attributes = dict(f_divergence_type=DIVERGENCES[kind])
    if kind == "alpha":
        attributes["f_alpha_divergence_coef"] = 1 - options["alpha"]
    return adapter(options, fields, ALPHA_IN_FLOAT64 if kind == "alpha" else (), **attributes)


def f_divergence(options, fields):
    """DPO with another divergence."""
    return _under_divergence(dpo, options, fields)


def divergence_under(options, fields):
    """Another loss of pairs with another divergence; `dpo` is the one that divides the scores by the lengths."""
    losses = dict(hinge=hinge, ipo=ipo, robustDpo=robust, exoPair=exo_pair, discopop=discopop, dpo=sigmoid_norm)
    return _under_divergence(losses[options["loss"]], options, fields)


def _cpo_trainer(loss_type, options):
    loss_function = extract(TRL, CPO_PATH, "CPOTrainer.cpo_loss", dict(torch=torch, F=F))
    trainer = trl_trainer(
        loss_type=loss_type,
        alpha=options.get("alpha", 0.0),
        cpo_alpha=0.0,
        simpo_gamma=options.get("gamma"),
        label_smoothing=options.get("labelSmoothing", 0.0),
        beta=options["beta"],
    )
    trainer.cpo_loss = lambda *logps: loss_function(trainer, *logps)
    return trainer


def _cpo(loss_type):
    def adapter(options, fields):
        tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
        losses, *_ = _cpo_trainer(loss_type, options).cpo_loss(*tensors)
        return result(losses, CHOSEN_REJECTED, tensors)

    return adapter


cpo = _cpo("sigmoid")
cpo_hinge = _cpo("hinge")
cpo_ipo = _cpo("ipo")
simpo = _cpo("simpo")  # with alpha: AlphaPO


def _logged(trainer, combine, fields) -> dict:
    """Call `get_batch_loss_metrics` with log-probs given by a stub forward; return what it logs of them, by name."""
    logits = torch.zeros(1)
    tensors = [torch.tensor(fields[k]) for k in CHOSEN_REJECTED]
    trainer.concatenated_forward = lambda *_: (*tensors, logits, logits, torch.zeros(()))
    _, metrics = combine(trainer, None, {})
    return {name: value for name, value in metrics.items() if name.startswith(("rewards/", "logps/", "log_odds"))}


def simpo_metrics(options, fields, patches=()) -> dict:
    """The metrics that the CPO trainer logs of SimPO, with alpha of AlphaPO."""
    combine = extract(TRL, CPO_PATH, "CPOTrainer.get_batch_loss_metrics", dict(torch=torch), patches)
    return _logged(_cpo_trainer("simpo", {**options, "gamma": 0.0}), combine, fields)


def orpo_metrics(options, fields, patches=()) -> dict:
    """The metrics that the ORPO trainer logs."""
    return _logged(*_orpo_trainer(options, patches), fields)


def _orpo_trainer(options, patches=()) -> tuple:
    names = dict(torch=torch, F=F, is_torch_xla_available=lambda: False)
    extract(TRL, ORPO_PATH, "log1mexp", names)
    odds_ratio_loss = extract(TRL, ORPO_PATH, "ORPOTrainer.odds_ratio_loss", names, TO_FLOAT64)
    combine = extract(TRL, ORPO_PATH, "ORPOTrainer.get_batch_loss_metrics", names, patches)
    trainer = trl_trainer(beta=options["lambda"])
    trainer.odds_ratio_loss = lambda *logps: odds_ratio_loss(trainer, *logps)
    return trainer, combine


def orpo_odds(options, fields):
    """Only the odds-ratio term. TRL's function returns it with the opposite sign."""
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


def run_kto(options, fields, loss_type="kto") -> tuple:
    """Call KTO's `_compute_loss`; return the policy tensor, the local variables of the method and its metrics."""
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
        calculate_KL=loss_type == "kto",
        loss_type=loss_type,
        beta=options["beta"],
        desirable_weight=options["desirableWeight"],
        undesirable_weight=options["undesirableWeight"],
        args=SimpleNamespace(gradient_checkpointing_kwargs=None),
    )
    kl_logps = {id(model): fields.get("klPolicy"), id(reference_model): fields.get("klReference")}
    trainer._compute_kl_logps = lambda which, _batch: constant(kl_logps[id(which)]) if loss_type == "kto" else None
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
    """KTO. TRL returns the losses of desirable examples first; they are put back into input order."""
    policy, local, _ = run_kto(options, fields)
    return in_input_order(local["losses"], policy, fields["desirable"], kl=local["kl"].item())


def apo_zero_unpaired(options, fields):
    """APO-zero of the KTO trainer, in input order."""
    policy, local, _ = run_kto(options, fields, "apo_zero_unpaired")
    return in_input_order(local["losses"], policy, fields["desirable"])


def reward(options, fields):
    """Bradley-Terry loss of the reward trainer. It returns the mean, so each pair is one call."""
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


def _token_outputs(logps: torch.Tensor, log_sum_squares: torch.Tensor | None = None) -> dict:
    nothing = torch.zeros_like(logps)
    return dict(
        log_probs=logps,
        entropy=nothing,
        mean_logits=nothing,
        is_top1=nothing.bool(),
        log_sum_sq_probs=nothing if log_sum_squares is None else log_sum_squares,
    )


def _unshifted(mask) -> torch.Tensor:
    """Return the mask of the tokens from the mask of the next tokens."""
    return F.pad(torch.as_tensor(mask, dtype=torch.long), (1, 0))


def wpo_weights(options, fields):
    """The weight by which TRL multiplies the loss of each pair, without a clamp."""
    outputs = _token_outputs(constant(fields["logps"]), constant(fields["logSumSquares"]))
    reference = [torch.zeros(len(fields["logps"]) // 2)] * 2
    _, local, _ = run_dpo(
        "sigmoid", dict(beta=0.1), outputs, reference, _unshifted(fields["mask"]), use_weighting=True
    )
    weights = local["chosen_weights"] * local["rejected_weights"]
    return dict(losses=weights.numpy(), grads={})


def nll(_options, fields):
    """The `sft` loss of the DPO trainer, the mean over the tokens of the chosen half; the other half is a copy."""
    logps = variable(fields["logps"])
    mask = _unshifted(np.concatenate([fields["mask"]] * 2))
    reference = [torch.zeros(len(fields["logps"]))] * 2
    outputs = _token_outputs(torch.cat([logps, logps.detach()]))
    _, local, _ = run_dpo("sft", dict(beta=0.1), outputs, reference, mask)
    loss = local["batch_loss"]
    return dict(losses=[loss.item()], grads=grads_of_sum(loss, {"logps": logps}))


def ld_logps(options, fields):
    """LD-DPO's log-probs: tokens beyond the shorter completion's length have less weight. Masked tokens are passed as 0."""
    logps, mask = variable(fields["logps"]), constant(fields["mask"])
    reference = [torch.zeros(len(logps) // 2)] * 2
    outputs = _token_outputs(logps * mask)
    _, local, _ = run_dpo(
        "sigmoid", dict(beta=0.1), outputs, reference, _unshifted(fields["mask"]), ld_alpha=options["alpha"]
    )
    return dict(losses=local["logps"].detach().numpy(), grads=grads_of_sum(local["logps"], {"logps": logps}))


def _tpo(loss_type):
    def adapter(options, fields):
        names = dict(torch=torch, F=F)
        compute_loss = extract(TRL, "trl/experimental/tpo/tpo_trainer.py", "TPOTrainer._compute_loss", names)
        attributes = {"tpo_alpha": options["alpha"], "tpo_l_gamma": options.get("gamma"), "beta": options["beta"]}
        smoothing = options.get("labelSmoothing", 0.0)
        mask = torch.tensor([[0, 1]] * 3)

        def one_triple(chosen, rejected, gold):
            logps = torch.stack([chosen, rejected, gold])
            names["selective_log_softmax_and_entropy"] = lambda *_args, **_kwargs: (logps, torch.zeros_like(logps))
            two_tokens = torch.stack([logps, torch.log(-torch.expm1(logps))], -1)
            model = FixedOutput(logits=F.pad(two_tokens, (0, 0, 0, 1)))
            trainer = trl_trainer(model=model, loss_type=loss_type, label_smoothing=smoothing, **attributes)
            tokens = torch.zeros(3, 2, dtype=torch.long)
            inputs = dict(input_ids=tokens, attention_mask=torch.ones_like(tokens), completion_mask=mask)
            return compute_loss(trainer, model, inputs, False)

        fields_wanted = (*CHOSEN_REJECTED, "gold")
        tensors = [variable(fields[k]) for k in fields_wanted]
        return result(row_by_row(one_triple, *tensors), fields_wanted, tensors)

    return adapter


TPO = {name: _tpo(loss_type) for name, loss_type in dict(cpo="sigmoid", hinge="hinge", ipo="ipo", simpo="tpo-l").items()}


def tpo(options, fields):
    """TPO with the contrastive term of the options."""
    return TPO[options["contrastive"]](options, fields)
