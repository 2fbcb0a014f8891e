"""The original implementations: where their text lies, which version it is, and which function is executed.

Two environment variables give the roots:
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
    """One release or commit of one original implementation."""

    repo: str
    version: str
    folder: str = ""  # inside GOLDEN_SRC, for a wheel
    commit: str = ""  # for a git clone


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
    "eric-mitchell": Source(
        "eric-mitchell/direct-preference-optimization",
        "f8b8c0f49dc92a430bae41585f9d467d3618fe2f",
        commit="f8b8c0f49dc92a430bae41585f9d467d3618fe2f",
    ),
    "halos": Source(
        "ContextualAI/HALOs",
        "4831988636b4cbc1c30c0bce78df568cf0f8103b",
        commit="4831988636b4cbc1c30c0bce78df568cf0f8103b",
    ),
    "tunix": Source(
        "google/tunix",
        "c7d8950f12a9c55a976bf2e1a0d8b447d71c20b3",
        commit="c7d8950f12a9c55a976bf2e1a0d8b447d71c20b3",
    ),
}


def _root(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        raise SystemExit(f"Set {variable} (see README.md).")
    return Path(value)


@functools.cache
def source_text(source_id: str, path: str) -> str:
    """The text of one file of one original implementation."""
    source = SOURCES[source_id]
    if source.folder:
        return (_root("GOLDEN_SRC") / source.folder / path).read_text()
    clone = _root("GOLDEN_REPOS") / source.repo.replace("/", "+")
    if (clone / "repo").exists():
        clone = clone / "repo"
    command = ["git", "-C", str(clone), "show", f"{source.commit}:{path}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
