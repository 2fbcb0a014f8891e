"""TRL 0.27.2: BCO, XPO, Nash-MD, and the DPO trainer's loss on summed log-probs, with label smoothing and summed IPO."""

import enum
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F

from adapters.pairs import in_input_order, pair_tensors, result
from lib.pairs import POLICY, REFERENCE, earlier
from lib.slicing import extract, run_and_keep_locals
from lib.sources import source_text
from lib.stubs import Accelerator
from lib.tensors import constant, grads_of_sum, row_by_row, variable

TRL = "trl-0.27.2"
FUNCTION = "trl/trainer/dpo_trainer.py DPOTrainer.dpo_loss (stub self)"
RPO_FUNCTION = (
    "trl/trainer/dpo_trainer.py DPOTrainer.get_batch_loss_metrics and dpo_loss, rpo_alpha given (stub self, log-probs and nll "
    "given by a stub forward)"
)
BCO_FUNCTION = "trl/experimental/bco/bco_trainer.py BCOTrainer.bco_loss (stub self, running mean given)"
XPO_FUNCTION = "trl/experimental/xpo/xpo_trainer.py XPOTrainer._compute_losses (stub self), one call per pair"
NASH_FUNCTION = "trl/experimental/nash_md/nash_md_trainer.py NashMDTrainer._compute_losses (stub self), one call per row"


def _names() -> dict:
    names = dict(torch=torch, F=F, Enum=enum.Enum)
    path = "trl/trainer/dpo_config.py"
    if "class FDivergenceType" not in source_text(TRL, path):
        path = "trl/trainer/utils.py"
    for name in ("FDivergenceType", "FDivergenceConstants"):
        extract(TRL, path, name, names)
    for name in ("get_exp_cap", "cap_exp"):
        extract(TRL, "trl/trainer/utils.py", name, names)
    return names


def _running(delta) -> SimpleNamespace:
    """A running mean that is never updated."""
    return SimpleNamespace(mean=delta, update=lambda _rewards: None)


def _running_moments():
    """The running mean of a trainer."""
    moments = extract(TRL, "trl/trainer/utils.py", "RunningMoments", dict(torch=torch), ((".float()", ".double()"),))()
    moments.accelerator = SimpleNamespace(use_distributed=False)
    return moments


DIVERGENCES = dict(reverseKl="reverse_kl", jensenShannon="js_divergence", alpha="alpha_divergence")


def _trainer(options, running=None) -> SimpleNamespace:
    names = _names()
    dpo_loss = extract(TRL, "trl/trainer/dpo_trainer.py", "DPOTrainer.dpo_loss", names)
    kind = DIVERGENCES[options.get("divergence", "reverseKl")]
    trainer = SimpleNamespace(
        accelerator=Accelerator(),
        reference_free=False,
        beta=options["beta"],
        label_smoothing=options.get("labelSmoothing", 0.0),
        f_divergence_type=names["FDivergenceType"](kind),
        f_divergence_params={"alpha_divergence_coef": options["alpha"]} if "alpha" in options else None,
        args=SimpleNamespace(discopop_tau=options.get("tau")),
        running=_running(options.get("delta")) if running is None else running,
    )
    trainer.dpo_loss = lambda *args: dpo_loss(trainer, *args)
    return trainer


def _adapter(loss_type):
    def adapter(options, fields, running=None):
        tensors = pair_tensors(fields)
        losses, *_ = _trainer(options, running).dpo_loss(*tensors, loss_type)
        return result(losses, POLICY, tensors)

    return adapter


dpo = _adapter("sigmoid")  # with a divergence: f-DPO, which has no forward KL in this version
ipo = _adapter("ipo")
robust = _adapter("robust")
hinge = _adapter("hinge")
exo_pair = _adapter("exo_pair")
nca_pair = _adapter("nca_pair")
bco_pair = _adapter("bco_pair")
sppo_hard = _adapter("sppo_hard")
apo_zero = _adapter("apo_zero")
apo_down = _adapter("apo_down")
discopop = _adapter("discopop")
aot = _adapter("aot")
aot_unpaired = _adapter("aot_pair")


def bco_pair_running(options, fields):
    """BCO on the pairs of a second batch, after an earlier one: the running mean is that of the trainer."""
    running = _running_moments()
    bco_pair(options, {name: fields[earlier(name)] for name in POLICY + REFERENCE}, running)
    return bco_pair(options, fields, running)


def dpo_with_nll(options, fields):
    """DPO plus `rpo_alpha` times a given negative log-likelihood of the batch."""
    combine = extract(TRL, "trl/trainer/dpo_trainer.py", "DPOTrainer.get_batch_loss_metrics", dict(torch=torch))
    trainer = _trainer(dict(beta=options["beta"]))
    chosen, rejected, reference_chosen, reference_rejected = pair_tensors(fields)
    logits = torch.zeros(1)
    output = dict(chosen_logps=chosen, rejected_logps=rejected, mean_chosen_logits=logits, mean_rejected_logits=logits)
    trainer.concatenated_forward = lambda *_: dict(output, nll_loss=constant(fields["nll"]))
    trainer.loss_type, trainer.loss_weights = ["sigmoid"], None
    trainer.use_weighting = trainer.aux_loss_enabled = False
    trainer.args = SimpleNamespace(use_liger_kernel=False, rpo_alpha=options["alpha"])
    batch = dict(ref_chosen_logps=reference_chosen, ref_rejected_logps=reference_rejected)
    _, local = run_and_keep_locals(combine, trainer, None, batch)
    return result(local["losses"], POLICY, [chosen, rejected])


def bco(options, fields):
    """BCO in input order, with given weights of undesirable examples."""
    path = "trl/experimental/bco/bco_trainer.py"
    bco_loss = extract(TRL, path, "BCOTrainer.bco_loss", dict(torch=torch, F=F))
    desirable = np.asarray(fields["desirable"]).astype(bool)
    weight = constant(options["undesirableWeight"])[~desirable]
    trainer = SimpleNamespace(
        beta=options["beta"],
        running=_running(options["delta"]),
        match_underlying_distribution=True,
        _get_udm_weight=lambda _embeddings: weight,
    )
    policy, reference = variable(fields["policy"]), constant(fields["reference"])
    columns = (policy[desirable], policy[~desirable], reference[desirable], reference[~desirable])
    losses, *_ = bco_loss(trainer, *columns, None, None)
    return in_input_order(losses, policy, desirable)


def xpo(options, fields):
    """The exploration term of XPO, which the function returns separately from its DPO term."""
    path = "trl/experimental/xpo/xpo_trainer.py"
    compute_losses = extract(TRL, path, "XPOTrainer._compute_losses", dict(torch=torch, F=F))
    trainer = SimpleNamespace(args=SimpleNamespace(loss_type="sigmoid"), beta=1.0, alpha=options["alpha"])
    logps = variable(fields["logps"])
    nothing = torch.zeros(len(logps), 1)
    columns = (nothing, logps[:, None], nothing, nothing, torch.ones(len(logps), dtype=torch.bool))
    _, _, losses = compute_losses(trainer, *columns)
    return dict(losses=losses.detach().numpy(), grads=grads_of_sum(losses, {"logps": logps}))


def xpo_whole(options, fields):
    """XPO: DPO of the model's and the reference's completions, and the exploration term."""
    path = "trl/experimental/xpo/xpo_trainer.py"
    compute_losses = extract(TRL, path, "XPOTrainer._compute_losses", dict(torch=torch, F=F))
    trainer = SimpleNamespace(args=SimpleNamespace(loss_type="sigmoid"), beta=options["beta"], alpha=options["alpha"])
    tensors = pair_tensors(fields)
    pw, pl, rw, rl = [x[:, None] for x in tensors]
    wins = torch.tensor(fields["modelWins"]) == 1
    # The two sides, by who generated them.
    by_model = [torch.where(wins[:, None], *sides) for sides in ((pw, pl), (pl, pw), (rl, rw), (rw, rl))]
    losses = row_by_row(lambda *row: compute_losses(trainer, *row)[0], *by_model, wins)
    return result(losses, POLICY, tensors)


def nash_md(options, fields):
    """Nash-MD's loss."""
    path = "trl/experimental/nash_md/nash_md_trainer.py"
    compute_losses = extract(TRL, path, "NashMDTrainer._compute_losses", dict(torch=torch, F=F))
    trainer = SimpleNamespace(beta=options["beta"])
    policy, mask = variable(fields["policy"]), constant(fields["mask"])
    columns = (policy * mask, constant(fields["reference"]) * mask, constant(options["preference"]))
    losses = row_by_row(lambda *row: compute_losses(trainer, *row)[0], *columns)
    return dict(losses=losses.detach().numpy(), grads=grads_of_sum(losses, {"policy": policy}))
