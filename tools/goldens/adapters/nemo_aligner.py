"""NVIDIA/NeMo-Aligner: DPO and the reward-aware losses, and the Bradley-Terry losses of its regression reward model."""

from types import SimpleNamespace

import numpy as np
import torch

from adapters.pairs import pair_tensors, result
from lib.pairs import CHOSEN_REJECTED, POLICY
from lib.slicing import extract
from lib.tensors import constant, row_by_row, variable

NEMO_ALIGNER = "nemo-aligner"
DPO_PATH = "nemo_aligner/models/nlp/gpt/megatron_gpt_dpo_model.py"
REWARD_PATH = "nemo_aligner/models/nlp/gpt/megatron_gpt_regression_reward_model.py"
PAIR_FUNCTION = (
    f"{DPO_PATH} MegatronGPTDPOModel.loss_func, get_reduced_masked_logps and split_output_tensor (stub self), .float() "
    "replaced by .double(), one call per pair; each sum is the log-prob of one token beside an ignored one"
)
REWARD_FUNCTION = f"{REWARD_PATH} MegatronGPTRegressionRewardModel.bt_loss_func (stub self), one call per pair"


def _method(name, names, patches=()):
    return extract(NEMO_ALIGNER, DPO_PATH, f"MegatronGPTDPOModel.{name}", names, patches)


def _pairs(preference_loss):
    def adapter(options, fields):
        names = dict(torch=torch)
        reduced = _method("get_reduced_masked_logps", names, ((".float()", ".double()"),))
        split = _method("split_output_tensor", names, ((".float()", ".double()"),))
        model = SimpleNamespace(
            preference_loss=preference_loss,
            ref_policy_kl_penalty=options["beta"],
            gt_reward_scale=options.get("eta"),
            split_output_tensor=lambda x: split(None, x),
            get_reduced_masked_logps=lambda *args, **kwargs: reduced(None, *args, **kwargs),
        )
        loss_func = _method("loss_func", names)
        labels = torch.tensor([[0, -100], [0, -100]])

        def one_pair(chosen, rejected, reference_chosen, reference_rejected, *rewards):
            tokens = [torch.stack([torch.cat(x), torch.zeros(2)], -1) for x in ((chosen, rejected), (reference_chosen, reference_rejected))]
            return loss_func(model, *tokens, labels, torch.cat(rewards) if rewards else None)[0]

        tensors = pair_tensors(fields)
        wanted = POLICY
        if "chosenRewards" in fields:
            rewards = [variable(fields[k]) for k in ("chosenRewards", "rejectedRewards")]
            tensors, wanted = [*tensors[:2], *rewards, *tensors[2:]], (*POLICY, "chosenRewards", "rejectedRewards")
            losses = row_by_row(one_pair, *tensors[:2], *tensors[4:], *rewards)
        else:
            losses = row_by_row(one_pair, *tensors)
        return result(losses, wanted, tensors)

    return adapter


dpo = _pairs("dpo")
rpo_backward_kl = _pairs("rpo_bwd_kl")
rpo_forward_kl = _pairs("rpo_fwd_kl")
rpo_squared = _pairs("rpo_sq")


def reward(options, fields):
    """Bradley-Terry with a scale, or with a margin. The label is the strength of the preference of the second completion."""
    names = dict(torch=torch)
    bt_loss = extract(NEMO_ALIGNER, REWARD_PATH, "MegatronGPTRegressionRewardModel.bt_loss_func", names)
    kind = "scaled_bt" if "scale" in options else "margin_bt"
    model = SimpleNamespace(cfg=SimpleNamespace(loss_func=kind))

    def one_pair(chosen, rejected, strength):
        scores = torch.cat([rejected, chosen])[:, None].expand(2, 5)
        return bt_loss(model, scores, strength.expand(2, 5))

    tensors = [variable(fields[k]) for k in CHOSEN_REJECTED]
    strengths = constant(np.broadcast_to(options["scale" if "scale" in options else "margin"], len(tensors[0])))
    return result(row_by_row(one_pair, *tensors, strengths), CHOSEN_REJECTED, tensors)
