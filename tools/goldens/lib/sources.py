"""The original implementations: their repositories and versions, and where to find their text.

Two environment variables give the root folders:
    GOLDEN_SRC    unpacked wheels, one folder each: <name>-<version>/...
    GOLDEN_REPOS  git clones: <owner>+<repo>/repo, or <owner>+<repo> itself (bare or not)
"""

import functools
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A release or commit of an original implementation."""

    repo: str
    version: str
    folder: str = ""  # inside GOLDEN_SRC, for a wheel
    commit: str = ""  # for a git clone


def _clone(repo: str, commit: str) -> Source:
    return Source(repo, commit, commit=commit)


SOURCES = {
    "trl-1.16.0": Source("huggingface/trl", "1.16.0", folder="trl-1.16.0"),
    "trl-0.27.2": Source("huggingface/trl", "0.27.2", folder="trl-0.27.2"),
    "liger-0.8.5": Source("linkedin/Liger-Kernel", "0.8.5", folder="liger_kernel-0.8.5"),
    "openrlhf-0.11.2": Source("OpenRLHF/OpenRLHF", "0.11.2", folder="openrlhf-0.11.2/openrlhf-0.11.2.data/purelib"),
    "levanter": Source(
        "marin-community/marin (marin-levanter)",
        "0.2.227.dev40316220070",
        folder="marin_levanter-0.2.227.dev40316220070",
    ),
    "levanter-simpo": _clone("marin-community/marin", "2d810cf7a2f91308081d704b1054c920c5879bf7"),
    "eric-mitchell": _clone("eric-mitchell/direct-preference-optimization", "f8b8c0f49dc92a430bae41585f9d467d3618fe2f"),
    "halos": _clone("ContextualAI/HALOs", "4831988636b4cbc1c30c0bce78df568cf0f8103b"),
    "tunix": _clone("google/tunix", "c7d8950f12a9c55a976bf2e1a0d8b447d71c20b3"),
    "tdpo": _clone("Vance0124/Token-level-Direct-Preference-Optimization", "2a736ecb285394a8419b461816bce1ba3b093cc9"),
    "beta-dpo": _clone("junkangwu/beta-DPO", "1629047374915ba319477caa4f6c6b2d1f172e5d"),
    "dr-dpo": _clone("junkangwu/Dr_DPO", "3c0678fe31f1139cc54405880f0028264129a032"),
    "softmax-dpo": _clone("chenyuxin1999/S-DPO", "07befa4141239c1ecd8d13b1136d226315d0227b"),
    "cal-dpo": _clone("tengxiao1/Cal-DPO", "7d16b466e52733269bbd6f7544a807faa555772b"),
    "simper": _clone("tengxiao1/SimPER", "db08c97f22268a4e0e5d129a179a82fb3468d78b"),
    "sampo": _clone("LuJunru/SamPO", "25e9631fe084c01c6af2a5acddd15fb51acf8c19"),
    "exo": _clone("haozheji/exact-optimization", "a8ab36011efa7a9910242eda6940d586330fff1a"),
    "nca": _clone("thu-ml/Noise-Contrastive-Alignment", "cbb9248be907c7a746d48b8329d6b24c36d717c6"),
    "rrhf": _clone("GanjinZero/RRHF", "e1a2b61f7d91fbee4cfaa3923327fcc5c5c733de"),
    "tis-dpo": _clone("exlaw/TIS-DPO", "cbad7c1aff91d1e35f917dc628c52820e0555f7b"),
    "open-unlearning": _clone("locuslab/open-unlearning", "d3d7cf9e6b3c125d16687d4232680d8d83548f1a"),
    "unlearn-simple": _clone("OPTML-Group/Unlearn-Simple", "f1a355d3cb16cdaa2dfbda163a2e954c67886a4c"),
    "gemma": _clone("google-deepmind/gemma", "7691fd4e7f26c9ec5db38110dddb3addfab4d767"),
    "mdpo": _clone("luka-group/mDPO", "2221bb317a29dfe0f8d2c710cd8572e9d7ec101a"),
    "qrpo": _clone("CLAIRE-Labo/quantile-reward-policy-optimization", "0d80ee51d267bfbc03e1652aa1e3e3ab6a7b5399"),
    "posttraining": _clone("swiss-ai/posttraining", "b19a31821a022d02c685b77bae6e2a8df2b1d7de"),
    "odpo": _clone("rycolab/odpo", "6152f67c8cddc223ca5affc7e261d967568068ee"),
    "nemo-aligner": _clone("NVIDIA/NeMo-Aligner", "af2b3bd96ad78190f6ebfb552b9e599e313ce027"),
    "rebel": _clone("ZhaolinGao/REBEL", "4ad7c11d0ca716e55cfd3a425a176c01c8dfac91"),
    "dpo-shift": _clone("Meaquadddd/DPO-Shift", "52eebac97e2913920cf6e22a42f462a537ddaef4"),
    "repo": _clone("junkangwu/RePO", "79cdf5b49192038a2497751f9cddd9dd18badd4c"),
    "todo": _clone("XXares/TODO", "676b471b706301747d8669fa690a235725311a35"),
    "alpha-dpo": _clone("junkangwu/alpha-DPO", "fab32091cd1e36a275ad0b08adb09920c01cd65f"),
    "e-dpo": _clone("oddqueue/e-dpo", "268c7adc51a668ff35bd63a04aa4405ad5b701ae"),
    "gamma-po": _clone("sunjie279/gammaPO", "4f2e09c10e2e281e98bc43535554f6336fde679f"),
    "align-anything": _clone("PKU-Alignment/align-anything", "3f9decc221be74b2052e712e3a32e155686ec6ec"),
    "modpo": _clone("ZHZisZZ/modpo", "2e2df20f73b35b09f88ae1fb7d8e19880a6bc3fc"),
    "chip": _clone("LVUGAI/CHiP", "e7f5193236e12bd565b99a6bf940e3ddc027a02f"),
    "mallows-po": _clone("haoxian-chen/MallowsPO", "c188a2e109a3891d2d4557698819d2cc6f2da54a"),
    "diffusion-dpo": _clone("SalesforceAIResearch/DiffusionDPO", "5233e75919f912f3f631958ee4ebb5b5204382d9"),
    "diffusion-kto": _clone("jacklishufan/diffusion-kto", "226bbd02580a557f5f516c9185619de8216b5500"),
    "llama-factory": _clone("hiyouga/LLaMA-Factory", "ff6d4d12eeb035d6ce06805a5733dd7b29f2ac30"),
    "mlx-lm-lora": _clone("Goekdeniz-Guelmez/mlx-lm-lora", "dfaaaed530d122cd03156f7e43d1f876d2af3dbc"),
}


def _root(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        raise SystemExit(f"Set {variable} (see README.md).")
    return Path(value)


@functools.cache
def source_text(source_id: str, path: str) -> str:
    """Return the text of a file of an original implementation."""
    source = SOURCES[source_id]
    if source.folder:
        return (_root("GOLDEN_SRC") / source.folder / path).read_text()
    clone = _root("GOLDEN_REPOS") / source.repo.replace("/", "+")
    if (clone / "repo").exists():
        clone = clone / "repo"
    command = ["git", "-C", str(clone), "show", f"{source.commit}:{path}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
