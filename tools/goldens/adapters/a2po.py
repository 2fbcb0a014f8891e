"""TRL 1.16.0: the optimal value and the loss of A*-PO."""

import contextlib
import math
from types import SimpleNamespace

import torch

from adapters.pairs import result
from lib.slicing import extract, run_and_keep_locals
from lib.stubs import Accelerator, Metrics
from lib.tensors import constant, row_by_row, variable

TRL = "trl-1.16.0"
PATH = "trl/experimental/a2po/a2po_trainer.py"
LOSS_FUNCTION = (
    "trl/experimental/a2po/a2po_trainer.py A2POTrainer.compute_loss (stub self), one call per row; reward and value have "
    "the target as their difference"
)
VALUE_FUNCTION = (
    "trl/experimental/a2po/a2po_trainer.py A2POTrainer._estimate_optimal_values (stub self, generation and rewards stubbed)"
)


def regression(options, fields):
    """The loss, with beta2 as beta."""
    compute_loss = extract(TRL, PATH, "A2POTrainer.compute_loss", {})
    trainer = SimpleNamespace(
        args=SimpleNamespace(beta2=options["beta"]),
        model=SimpleNamespace(training=True),
        _metrics={"train": Metrics()},
        _get_sequence_logps=lambda policy, *_: policy,
    )

    def one_row(policy, reference, target):
        inputs = dict(input_ids=None, attention_mask=None, logits_to_keep=None, ref_logps=reference)
        return compute_loss(trainer, policy, {**inputs, "rewards": target + 0.5, "v_star": torch.tensor([0.5])})

    policy, target = variable(fields["policy"]), variable(fields["target"])
    losses = row_by_row(one_row, policy, constant(fields["reference"]), target)
    return result(losses, ("policy", "target"), [policy, target])


class _Inputs(dict):
    """What a tokenizer returns."""

    def to(self, _device):
        return self


def optimal_value(options, fields):
    """The values of all prompts, with beta1 as beta."""
    rewards = variable(fields["rewards"])
    rows, samples = rewards.shape
    prompts = [dict(prompt=str(i)) for i in range(rows)]
    model = SimpleNamespace(generate=lambda **_: torch.zeros(rows * samples, 2))
    tokenizer = lambda *_args, **_kwargs: _Inputs(input_ids=torch.zeros(rows, 1))  # noqa: E731
    tokenizer.batch_decode = lambda *_args, **_kwargs: [""] * (rows * samples)
    accelerator = Accelerator()
    accelerator.prepare = lambda loader: loader
    trainer = SimpleNamespace(
        args=SimpleNamespace(
            beta1=options["beta"],
            num_value_samples=samples,
            per_device_train_batch_size=rows,
            max_prompt_length=None,
            filter_all_incorrect=False,
        ),
        train_dataset=prompts,
        eval_dataset=None,
        accelerator=accelerator,
        processing_class=tokenizer,
        ref_model=model,
        value_generation_config=None,
        _calculate_rewards=lambda *_args, **_kwargs: rewards.flatten(),
    )
    names = dict(
        torch=torch,
        math=math,
        DataLoader=lambda dataset, **_: [dataset],
        maybe_apply_chat_template=lambda example, _tokenizer: example,
        unwrap_model_for_generation=lambda model, _accelerator: contextlib.nullcontext(model),
        gather_object=list,
        logger=SimpleNamespace(info=lambda _message: None),
    )
    estimate = extract(TRL, PATH, "A2POTrainer._estimate_optimal_values", names)
    _, kept = run_and_keep_locals(estimate, trainer)
    return result(kept["v_star"], ("rewards",), [rewards])
