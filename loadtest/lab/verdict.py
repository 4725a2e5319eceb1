"""A promised figure and what became of it."""

from dataclasses import dataclass, field

from lab import stats

PAIRS_MIN = 15
ROUNDS_MAX = 25


def rounds_of(arguments):
    """As many as are asked for, and no fewer than a verdict needs, unless it is only to be seen whether it runs."""
    return arguments.rounds if arguments.quick else max(arguments.rounds, PAIRS_MIN)


@dataclass(frozen=True)
class Bar:
    """One promised figure: lower is better, and the median decides."""

    what: str
    figure: stats.Spread | None
    bar: float
    ambition: float | None = None
    count_min: int = 1
    note: str = ""
    digits: int = 3

    @property
    def met(self):
        enough = self.figure is not None and self.figure.count >= self.count_min
        return enough and self.figure.median <= self.bar

    def verdict(self):
        if self.figure is None:
            return "NOT MEASURED"
        if self.figure.count < self.count_min:
            return f"NOT MET: {self.figure.count} valid pairs, {self.count_min} are needed"
        if not self.met:
            return "NOT MET"
        if self.ambition is not None and self.figure.median <= self.ambition:
            return "met, and the ambition too"
        return "met"


@dataclass
class Verdicts:
    bars: list
    remarks: list = field(default_factory=list)
    record: dict = field(default_factory=dict)

    @property
    def all_met(self):
        return bool(self.bars) and all(bar.met for bar in self.bars)
