"""Medians, ratios pair by pair, and how sure one may be of them."""

import random
import statistics
from dataclasses import dataclass

RESAMPLES = 4000


@dataclass(frozen=True)
class Spread:
    """A median with the range of what it is made of and the 95 % interval of itself."""

    count: int
    median: float
    low: float
    high: float
    interval_low: float
    interval_high: float

    def as_json(self):
        return dict(self.__dict__)


def spread(values):
    """None of nothing; the interval of a single value is that value."""
    if not values:
        return None
    ordered = sorted(values)
    interval = bootstrap_interval(ordered)
    return Spread(len(ordered), statistics.median(ordered), ordered[0], ordered[-1], *interval)


def bootstrap_interval(values):
    """The 95 % percentile interval of the median. The seed is fixed: same data, same answer."""
    prng = random.Random(len(values))
    medians = sorted(
        statistics.median(prng.choices(values, k=len(values))) for _ in range(RESAMPLES)
    )
    return medians[int(RESAMPLES * 0.025)], medians[int(RESAMPLES * 0.975) - 1]


def ratios(mine, theirs):
    """Pair by pair: both map a round to a value; rounds that lack one side are left out."""
    return [mine[round] / theirs[round] for round in sorted(mine) if round in theirs]
