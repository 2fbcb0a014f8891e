"""A golden file: its content, and the rules that every record must satisfy."""

from pathlib import Path

from lib.inputs import kind_of
from lib.numbers import deviation, dumps, plain
from lib.sources import SOURCES

TOLERANCE = 1e-12
EXACT = "exact"


def two_digits(x: float) -> float:
    return float(f"{x:.1e}")


class GoldenFile:
    """Collects inputs and records. A value that deviates from the exact value without a stated reason is a failure."""

    def __init__(self, loss: str, formula: str, notes: list, functions: dict, known: dict | None = None):
        """`loss`: name of the file, with `recipes/` before that of a recipe. `functions`: source id -> executed function. `known`: (source id, input kind) -> reason for a deviation."""
        self.loss = loss
        self.formula = formula
        self.notes = notes
        self.functions = functions
        self.known = known or {}
        self.inputs = {}
        self.records = []
        self.deviations = []
        self.worst = {}
        self.failures = []

    def add_input(self, name: str, fields: dict) -> None:
        fields = plain(fields)
        if self.inputs.setdefault(name, fields) != fields:
            raise ValueError(f"{self.loss}: two inputs are called {name}")

    def add(self, name, options, results: dict, exact: dict, stored=None, exact_keys=None) -> None:
        """Check `results` (source id -> outputs) against `exact`; store the first that agrees, and all deviations.

        `stored` replaces the stored outputs, for results that had to be repaired before the comparison.
        `exact_keys` are the outputs whose exact values are stored, too (default: all; empty: no record of `exact`).
        """
        agreement = {}
        for source, result in results.items():
            off = {key: deviation(result[key], exact[key]) for key in exact if key in result}
            if self._judge(source, name, options, off):
                agreement[source] = two_digits(max(off.values()))
        if agreement:
            first = next(iter(agreement))
            self._record(first, name, options, stored or results[first], agreement=agreement)
        keys = exact if exact_keys is None else exact_keys
        if keys:
            self._record(EXACT, name, options, {key: exact[key] for key in keys})

    def _record(self, source, name, options, outputs, **more) -> None:
        record = dict(source=source, input=name, options=options, outputs=outputs, **more)
        self.records.append(plain(record))

    def _judge(self, source, name, options, off) -> bool:
        reason = self.known.get((source, kind_of(name)))
        worst = max(off.values())
        if worst <= TOLERANCE:
            kind = "regular" if kind_of(name)[0] in "BN" else "extreme"
            key = (source, kind)
            before = self.worst.get(key, {})
            self.worst[key] = {k: max(before.get(k, 0), off.get(k, 0)) for k in {**before, **off}}
            return True
        off = {key: two_digits(value) for key, value in off.items()}
        entry = dict(source=source, input=name, options=options, off=off, reason=reason or "UNEXPECTED")
        self.deviations.append(plain(entry))
        if reason is None:
            self.failures.append(f"{self.loss} {name} {source} {options}: {off}")
        return False

    def content(self) -> dict:
        sources = {
            source: dict(repo=SOURCES[source].repo, version=SOURCES[source].version, function=function)
            for source, function in self.functions.items()
        }
        sources[EXACT] = dict(repo="none", version="mpmath 1.3.0", function="the formula with 50 digits, rounded")
        return dict(
            loss=self.loss,
            formula=self.formula,
            notes=self.notes,
            sources=sources,
            inputs=self.inputs,
            records=self.records,
            deviations=self.deviations,
        )

    def save(self, folder: Path) -> int:
        text = dumps(self.content()) + "\n"
        path = folder / f"{self.loss}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return len(text)
