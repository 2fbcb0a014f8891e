"""exlaw/TIS-DPO: sums of token log-probs, multiplied by the weights of the tokens, by TIS-DPO's authors."""

import torch

from lib.slicing import extract
from lib.tensors import constant, variable

TIS_DPO = "tis-dpo"
FUNCTION = "trainers.py _get_batch_logps_tisdpo (its third result; it shifts labels and weights itself)"


def weighted_logps(options, fields) -> dict:
    """Return the weighted sums and their gradient with respect to the logits."""
    function = extract(TIS_DPO, "trainers.py", "_get_batch_logps_tisdpo", dict(torch=torch))
    logits = variable(fields["logits"])
    # The reference does not take part in the third result.
    reference = torch.zeros_like(logits)
    *_, logps = function(logits, reference, torch.tensor(fields["labels"]), constant(fields["weights"]))
    (grad,) = torch.autograd.grad(logps.sum(), logits)
    return dict(losses=logps.detach().numpy(), grads=dict(logits=grad.numpy()))
