"""google-deepmind/gemma: NpoLoss."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp

from adapters.jax64 import per_row
from lib.slicing import extract

GEMMA = "gemma"
FUNCTION = (
    "gemma/gm/losses/_npo.py NpoLoss.get_values in float64 (logits.astype(jnp.float32) becomes float64), one token that "
    "carries the sum per row, times 2 / tau, which it leaves out; jax x64"
)
PATH = "gemma/gm/losses/_npo.py"


def _logits(logp):
    """Logits `[1, 1, 2]` whose first token has this log-prob."""
    return jnp.stack([logp, jnp.log(-jnp.expm1(logp))])[None, None]


def npo(options, fields):
    """NPO. Its tau is beta."""
    names = dict(jax=jax, jnp=jnp)
    extract(GEMMA, PATH, "_get_logprobs_for_target", names, (("jnp.float32", "jnp.float64"),))
    get_values = extract(GEMMA, PATH, "NpoLoss.get_values", names)
    tokens = jnp.zeros((1, 1, 1), dtype=int)

    def one_row(policy, reference):
        values = get_values(
            SimpleNamespace(tau=options["beta"]),
            tokens=tokens,
            sequence_mask=jnp.ones((1, 1, 1), dtype=bool),
            policy_logits=_logits(policy),
            anchor_logits=_logits(reference),
        )
        return values[0, 0] * 2 / options["beta"]

    return per_row(one_row, [fields["policy"], fields["reference"]], ("policy",))
