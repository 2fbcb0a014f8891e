"""google/tunix: dpo_loss_fn, for DPO, cDPO and ORPO. Its compute_logps is a stub that returns the given log-probs."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp

from adapters.jax64 import per_row
from lib.pairs import CHOSEN_REJECTED, POLICY, REFERENCE
from lib.slicing import extract

TUNIX = "tunix"
DPO_FUNCTION = "tunix/sft/dpo/dpo_trainer.py dpo_loss_fn (compute_logps stubbed), one call per pair, jax x64"
ORPO_FUNCTION = (
    "tunix/sft/dpo/dpo_trainer.py dpo_loss_fn, algorithm orpo with average_log_prob_orpo (compute_logps stubbed, "
    "lengths 1), one call per pair, jax x64; nll goes in as its prompt loss"
)


def _call(chosen, rejected, reference=(None, None), nll=None, **options):
    """Return the loss of one pair; tunix returns a numerator and a denominator."""
    logps = (chosen[None], rejected[None], None if nll is None else -nll[None])
    names = dict(
        jax=jax,
        jnp=jnp,
        compute_logps=lambda *_args, **_kwargs: logps,
        sft_utils=SimpleNamespace(
            WeightedMetric=lambda total, count, min_denom: total / jnp.maximum(count, min_denom),
            LossOutput=lambda primary_loss, aux_metrics: primary_loss,
        ),
    )
    example = SimpleNamespace(
        input_ids=None,
        positions=None,
        attention_mask=None,
        logits_to_keep=None,
        images=None,
        completion_mask=jnp.ones((2, 1)),
        full_mask=jnp.ones((2, 2)),
        ref_chosen_logps=reference[0],
        ref_rejected_logps=reference[1],
    )
    return extract(TUNIX, "tunix/sft/dpo/dpo_trainer.py", "dpo_loss_fn", names)(None, example, **options)


def dpo(options, fields):
    """DPO and cDPO."""
    kwargs = dict(algorithm="dpo", beta=options["beta"], label_smoothing=options.get("labelSmoothing", 0.0))

    def one_pair(chosen, rejected, *reference):
        return _call(chosen, rejected, [x[None] for x in reference], **kwargs)

    return per_row(one_pair, [fields[k] for k in POLICY + REFERENCE], POLICY)


def orpo_with_nll(options, fields):
    """The whole ORPO loss, with a given negative log-likelihood per pair."""
    names = (*CHOSEN_REJECTED, "nll")
    kwargs = dict(
        algorithm="orpo",
        lambda_orpo=options["lambda"],
        label_smoothing=options.get("labelSmoothing", 0.0),
        enable_prompt_loss_orpo=True,
        average_log_prob_orpo=True,
    )

    def one_pair(chosen, rejected, nll):
        return _call(chosen, rejected, nll=nll, **kwargs)

    return per_row(one_pair, [fields[k] for k in names], names)
