"""Write the golden values, or check the committed ones. See README.md.

python generate.py                 write all files of test/goldens
python generate.py dpo kto         only these files of losses/
python generate.py --check         generate into a temporary folder and compare with the committed files
"""

import argparse
import importlib
import json
import pkgutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import losses  # noqa: E402
from lib.compare import compare  # noqa: E402
from lib.golden_file import TOLERANCE  # noqa: E402

COMMITTED = HERE.parent.parent / "test" / "goldens"


def loss_modules() -> list:
    """Return the names of the files in losses/."""
    return sorted(module.name for module in pkgutil.iter_modules(losses.__path__))


def print_agreement(golden) -> None:
    """Print the largest deviation of each original from the exact values."""
    print(f"\n{golden.loss}: largest deviation from the exact value, relative to max(1, |value|)")
    for (source, kind), off in sorted(golden.worst.items()):
        values = "  ".join(f"{key} {value:.1e}" for key, value in off.items())
        print(f"  {source:16s} {kind:8s} {values}")
    for entry in golden.deviations:
        print(f"  OFF {entry['source']} {entry['input']} {entry['options']}: {entry['off']} ({entry['reason']})")


def generate(names: list, folder: Path) -> list:
    """Write the golden files of the named modules; return the deviations without a stated reason."""
    failures = []
    for name in names:
        start = time.perf_counter()
        golden = importlib.import_module(f"losses.{name}").build()
        size = golden.save(folder)
        print_agreement(golden)
        seconds = time.perf_counter() - start
        print(f"  -> {golden.loss}.json, {len(golden.records)} records, {size} bytes, {seconds:.1f} s")
        failures += golden.failures
    return failures


def check(names: list, tolerance: float) -> list:
    """Generate into a temporary folder and compare with the committed files."""
    differences = []
    with tempfile.TemporaryDirectory() as temporary:
        failures = generate(names, Path(temporary))
        for path in sorted(Path(temporary).rglob("*.json")):
            name = path.relative_to(temporary)
            committed = COMMITTED / name
            if not committed.exists():
                differences.append(f"{name}: not committed")
                continue
            fresh, old = (json.loads(p.read_text()) for p in (path, committed))
            differences += [f"{path.stem}{d}" for d in compare(fresh, old, tolerance)]
    print(f"\n{len(differences)} differences from {COMMITTED.parent.name}/{COMMITTED.name} at {tolerance:g} relative")
    for line in differences[:40]:
        print(f"  {line}")
    return failures + differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="files of losses/, without .py (default: all)")
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    parser.add_argument("--tolerance", type=float, default=1e-15, help="relative, for --check (default 1e-15)")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(loss_modules())
    if unknown:
        parser.error(f"no such file in losses/: {sorted(unknown)}; there are {loss_modules()}")
    names = arguments.names or loss_modules()
    start = time.perf_counter()
    if arguments.check:
        problems = check(names, arguments.tolerance)
    else:
        COMMITTED.mkdir(parents=True, exist_ok=True)
        problems = generate(names, COMMITTED)
    print(f"\n{time.perf_counter() - start:.0f} s; off by more than {TOLERANCE:g} or different: {len(problems)}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
