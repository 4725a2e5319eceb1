"""What a proxy adds to an answer's latency when it is far from saturated: the open loop at a share of what the weakest peer can do.

Every round asks the origin directly and then through each proxy, which has core 0 to itself; the load and the
origin share core 1. What a proxy added is its figure minus the direct one of the same round.
"""

import collections
from dataclasses import dataclass, field

from lab import open_loop, report, stats

CONNECTIONS = 256
SHARES = (0.5, 0.8)  # Of the weakest peer's capacity.
SECONDS_MIN = 1.0
CAPACITY_RUNS = 3
SHOWN = ("p50", "p90", "p99", "p99.9", "max")


@dataclass
class Rounds:
    """What was measured at one rate: in each row the figures by name, "direct" among them."""

    rate: int
    rows: list = field(default_factory=list)
    spoilt: collections.Counter = field(default_factory=collections.Counter)  # Rounds that are no figure, by whose fault.

    def added(self, name, figure):
        return [row[name][figure] - row["direct"][figure] for row in self.rows]

    def median(self, name, figure):
        """Of what a proxy added, or of the direct way itself."""
        values = [row["direct"][figure] for row in self.rows] if name == "direct" else self.added(name, figure)
        return stats.spread(values).median

    def late(self, name):
        """p99 of how much later than due requests left, µs. What of a latency is this, is the lab's own: its core was not free."""
        return stats.spread([row[name]["late_p99"] for row in self.rows]).median


def capacities(lab):
    """Requests per second in the closed loop, by proxy; the median of a few."""
    found = {}
    for peer in lab.peers:
        rates = [lab.run_unthrottled(peer, CONNECTIONS)["rate"] for _ in range(CAPACITY_RUNS)]
        found[peer.name] = stats.spread(rates).median
    return found


def weakest_of(found):
    """Of the rivals that are there; of all, when none is."""
    return min([name for name in report.RIVALS if name in found] or found, key=found.get)


def measure(lab, rate, count, seconds):
    """So many rounds; those in which somebody failed are not taken, and as many again are tried."""
    found, tried = Rounds(rate), 0
    while len(found.rows) < count and tried < 2 * count:
        tried += 1
        turn = tried % len(lab.peers)
        row = {name: None for name in ["direct", *(peer.name for peer in lab.peers)]}  # In this order they are shown.
        for peer in [None, *lab.peers[turn:], *lab.peers[:turn]]:
            row[peer.name if peer else "direct"] = open_loop.run(lab, peer, rate, CONNECTIONS, max(seconds, SECONDS_MIN))
        problems = [f"{name}: {', '.join(figures['problems'])}" for name, figures in row.items() if figures["problems"]]
        shown = "  ".join(f"{name} {figures['p50']:.0f}/{figures['p99']:.0f} µs" for name, figures in row.items())
        lab.say(f"round {tried}  {shown}  {'; '.join(problems)}")
        found.spoilt.update(name for name, figures in row.items() if figures["problems"])
        if not problems:
            found.rows.append(row)
    return found


def print_added(share, found):
    print(
        f"\nopen loop at {share:.0%} of the weakest peer's capacity, {found.rate:,}/s, Poisson, {CONNECTIONS} connections,"
        f" {len(found.rows)} rounds; µs added to the direct way"
    )
    if not found.rows:
        return
    print(f"  {'':8}" + "".join(f"{name:>10}" for name in SHOWN) + "   load late by (p99)")
    for name in found.rows[0]:
        sign = "" if name == "direct" else "+"
        shown = "".join(f"{found.median(name, figure):{sign}10.0f}" for figure in SHOWN)
        print(f"  {name:8}{shown}{found.late(name):10.0f}")


def measure_shares(lab, count, seconds):
    """The capacities, and the rounds by share of the weakest one's; printed."""
    found = capacities(lab)
    weakest = weakest_of(found)
    print(", ".join(f"{name} {rate:,.0f}/s" for name, rate in found.items()) + f": {weakest} is the weakest peer")
    rounds = {}
    for share in SHARES:
        rounds[share] = measure(lab, round(share * found[weakest]), count, seconds)
        print_added(share, rounds[share])
    return found, rounds
