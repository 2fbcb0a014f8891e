"""Levanter: the losses of DPO and SimPO. Haliax's named arrays are replaced by a thin wrapper around jax arrays."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp

from adapters.jax64 import per_row
from lib.pairs import CHOSEN_REJECTED, POLICY, REFERENCE
from lib.slicing import extract

LEVANTER = "levanter"
PATH = "levanter/dpo.py"
FUNCTION = f"{PATH} dpo_loss_from_logps, one call per pair, jax x64 (haliax replaced by plain jax arrays)"
METRICS_FUNCTION = (
    f"{PATH} dpo_loss and dpo_loss_from_logps (logp_sum stubbed with the sums), jax x64 "
    "(haliax replaced by plain jax arrays, means in float64)"
)

# Its wheels lack the trainer of SimPO, which is in the repository.
LEVANTER_SIMPO = "levanter-simpo"
SIMPO_PATH = "lib/levanter/src/levanter/main/train_simpo.py"
SIMPO_METRICS_FUNCTION = f"{SIMPO_PATH} simpo_loss_from_logps, jax x64, its branch for plain jax arrays (the mean of its accuracy in float64)"
ACCURACY_IN_FLOAT64 = (("jnp.mean(logits > 0)", "jnp.mean(logits > 0, dtype=jnp.float64)"),)


class Named:
    """The part of haliax.NamedArray that the two functions use."""

    axes = ()

    def __init__(self, array):
        self.array = array

    def scalar(self):
        return self.array

    def __sub__(self, other):
        return Named(self.array - other.array)

    def __mul__(self, factor):
        return Named(self.array * factor)

    def __neg__(self):
        return Named(-self.array)

    def __gt__(self, number):
        return Named(self.array > number)


def _names() -> dict:
    return dict(
        jax=jax,
        jnp=jnp,
        hax=SimpleNamespace(
            mean=lambda x: Named(jnp.mean(x.array, dtype=jnp.float64)),
            nn=SimpleNamespace(softplus=lambda x: Named(jax.nn.softplus(x.array))),
        ),
        Metric=SimpleNamespace(from_value=lambda value, _reduction: value),
        ReductionType=SimpleNamespace(MEAN="mean"),
    )


def dpo(options, fields):
    """DPO."""
    loss_function = extract(LEVANTER, PATH, "dpo_loss_from_logps", _names())

    def one_pair(chosen, rejected, reference_chosen, reference_rejected):
        policy, reference = Named(chosen - rejected), Named(reference_chosen - reference_rejected)
        return loss_function(policy, reference, beta=options["beta"])[0]

    return per_row(one_pair, [fields[k] for k in POLICY + REFERENCE], POLICY)


def dpo_metrics(options, fields) -> dict:
    """Return the metrics of one batch, by name."""
    names = _names()
    extract(LEVANTER, PATH, "dpo_loss_from_logps", names)
    arrays = [Named(jnp.asarray(fields[k])) for k in POLICY + REFERENCE]
    names["logp_sum"] = lambda _model, example, key=None: example
    names["_reference_logps_for_example"] = lambda *_args, **_kwargs: tuple(arrays[2:])
    dpo_loss = extract(LEVANTER, PATH, "dpo_loss", names)
    example = SimpleNamespace(chosen=arrays[0], rejected=arrays[1])
    _, metrics = dpo_loss(None, None, example, beta=options["beta"])
    return {name: float(value) for name, value in metrics.items()}


def simpo_metrics(options, fields) -> dict:
    """Return the metrics of one batch of SimPO, by name."""
    names = _names()
    names["hax"] = SimpleNamespace(NamedArray=Named, nn=SimpleNamespace(softplus=jax.nn.softplus))
    loss_function = extract(LEVANTER_SIMPO, SIMPO_PATH, "simpo_loss_from_logps", names, ACCURACY_IN_FLOAT64)
    means = [jnp.asarray(fields[k]) for k in CHOSEN_REJECTED]
    _, metrics = loss_function(*means, beta=options["beta"], gamma_beta_ratio=options["gammaBetaRatio"])
    return {name: float(value) for name, value in metrics.items()}
