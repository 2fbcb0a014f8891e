"""oddqueue/e-dpo: the authors' own code, for the beta of each pair."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F

from lib.slicing import extract, run_and_keep_locals
from lib.stubs import FixedOutput
from lib.tensors import constant

E_DPO = "e-dpo"
FUNCTION = (
    "trainer.py EpsilonDPOTrainer.concatenated_forward, which compares the margins, and dpo_loss, which has the betas (stub self "
    "and model; as for an encoder-decoder, whose labels are not shifted)"
)


def epsilon_beta(options, fields):
    """The betas that the authors' loss uses."""
    names = dict(torch=torch, F=F)
    forward = extract(E_DPO, "trainer.py", "EpsilonDPOTrainer.concatenated_forward", names)
    dpo_loss = extract(E_DPO, "trainer.py", "EpsilonDPOTrainer.dpo_loss", names)
    labels, mask = torch.tensor(fields["labels"]).clamp(min=0), torch.tensor(fields["labels"]) >= 0
    trainer = SimpleNamespace(
        args=SimpleNamespace(rpo_alpha=None),
        aux_loss_enabled=False,
        beta=options["beta"],
        epsilon=options["epsilon"],
        is_encoder_decoder=True,
        label_pad_token_id=-100,
        label_smoothing=0.0,
        padding_value=0,
        use_num_logits_to_keep=False,
        use_weighting=False,
    )
    nothing = torch.zeros(len(labels), 0, dtype=torch.long)
    trainer.concatenated_inputs = lambda _batch, padding_value: dict(
        prompt_input_ids=nothing,
        prompt_attention_mask=nothing,
        completion_input_ids=labels,
        completion_attention_mask=mask.long(),
    )
    model = FixedOutput(logits=constant(fields["logits"]))
    batch = dict(prompt_input_ids=nothing[: len(labels) // 2])
    output = forward(trainer, model, batch, constant(fields["referenceLogits"]))
    margins = (output["chosen_logps"], output["rejected_logps"])
    _, kept = run_and_keep_locals(dpo_loss, trainer, *margins, *margins, output["steps"])
    return dict(losses=kept["updated_beta"].numpy(), grads={})
