"""PKU-Alignment/align-anything: the cost model of Safe RLHF, by its authors."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from adapters.pairs import result
from lib.pairs import CHOSEN_REJECTED
from lib.slicing import extract, run_and_keep_locals
from lib.stubs import FixedOutput
from lib.tensors import row_by_row, variable

ALIGN_ANYTHING = "align-anything"
FUNCTION = (
    "align_anything/trainers/text_to_text/cost_model.py CMTrainer.loss, its cost (stub self and model), one call per pair; "
    "is_better_safe and is_worse_safe are 1 for harmful completions, -1 for harmless ones"
)


def cost_term(_options, fields):
    """The term of the signs of the costs."""
    path = "align_anything/trainers/text_to_text/cost_model.py"
    loss = extract(ALIGN_ANYTHING, path, "CMTrainer.loss", dict(torch=torch, F=F))
    signs = [[2 * int(x) - 1 for x in fields[k]] for k in ("chosenHarmful", "rejectedHarmful")]
    tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]

    def one_pair(chosen, rejected, better, worse):
        scores = torch.stack([chosen, rejected])
        trainer = SimpleNamespace(
            model=FixedOutput(scores=scores[:, None], end_scores=scores),
            infer_batch=lambda _: {},
            scale_coeff=1.0,
            cfgs=SimpleNamespace(train_cfgs=SimpleNamespace(regularization=0.0)),
        )
        meta = dict(is_better_safe=better.tolist(), is_worse_safe=worse.tolist())
        batch = dict(input_ids=torch.zeros(2, 1), meta_info=meta)
        return run_and_keep_locals(loss, trainer, batch)[1]["cost"]

    losses = row_by_row(one_pair, *tensors, *(torch.tensor(sign) for sign in signs))
    return result(losses, CHOSEN_REJECTED, tensors)
