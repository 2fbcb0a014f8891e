"""jax in double precision, and the loop over rows that the jax originals share."""

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)


def per_row(function, columns, names) -> dict:
    """Return the losses of `function(row of each column)` and their gradients by the first `len(names)` columns."""
    value_and_grads = jax.value_and_grad(function, argnums=tuple(range(len(names))))
    rows = [value_and_grads(*row) for row in zip(*(jax.numpy.asarray(c) for c in columns))]
    losses = np.array([float(loss) for loss, _ in rows])
    grads = {name: np.array([float(g[i]) for _, g in rows]) for i, name in enumerate(names)}
    return dict(losses=losses, grads=grads)
