"""What a proxy adds to an answer's latency when it is far from saturated: the open loop at half of what the weakest can do.

Every round asks the origin directly and then through each proxy, which has core 0 to itself; the load and the
origin share core 1. What a proxy added is its figure minus the direct one of the same round.
"""

import collections

from lab import open_loop, report, session, stats
from lab.processes import Failure
from lab.verdict import PAIRS_MIN, Bar, Verdicts

RIVALS = ("nginx", "haproxy")
PEERS = ["ringway", *RIVALS, "relay"]
CONNECTIONS = 256
# Share of the weakest one's capacity: whether there is a bar.
LOADS = {0.5: True, 0.8: False}
SECONDS_MIN = 1.0
P99_BAR_US = 1000
CAPACITY_RUNS = 3
SHOWN = ("p50", "p90", "p99", "p99.9", "max")


def latency(arguments, say):
    settings = session.Settings(
        build=arguments.build.resolve(), connections=[CONNECTIONS], only=PEERS, latency_connections=CONNECTIONS, latency_rounds=0, realtime=True
    )
    lab = session.Session(settings, say)
    try:
        if lab.skipped:
            raise Failure(f"{lab.skipped[0]} is needed for these figures, and it is not there")
        facts = report.machine(lab)
        report.print_header(lab, facts)
        capacities = measure_capacities(lab)
        weakest = min(RIVALS, key=capacities.get)
        print(", ".join(f"{name} {rate:,.0f}/s" for name, rate in capacities.items()) + f": {weakest} is the weakest peer")
        bars, runs, remarks = [], {}, []
        for share, has_bars in LOADS.items():
            rate = round(share * capacities[weakest])
            spoilt = collections.Counter()
            runs[share] = measure(lab, rate, arguments, say, spoilt)
            remarks += [f"{share:.0%}: {count} rounds not taken because of {name}" for name, count in spoilt.most_common()]
            print_added(share, rate, runs[share])
            bars += bars_of(share, runs[share]) if has_bars else []
            bars += [spoilt_bar(share, spoilt)] if has_bars else []
    finally:
        lab.close()
    return Verdicts(bars, remarks, {"machine": facts, "capacity": capacities, "latency": {f"{share:.0%}": found for share, found in runs.items()}})


def measure_capacities(lab):
    """Requests per second in the closed loop, by proxy; the median of a few."""
    found = {}
    for peer in lab.peers:
        rates = [lab.run_unthrottled(peer)["rate"] for _ in range(CAPACITY_RUNS)]
        found[peer.name] = stats.spread(rates).median
    return found


def measure(lab, rate, arguments, say, spoilt):
    """Rounds of figures by name; rounds in which somebody failed are not taken. `spoilt` counts by whom."""
    rounds, tried = [], 0
    wanted = max(arguments.rounds, PAIRS_MIN)
    while len(rounds) < wanted and tried < 2 * wanted:
        tried += 1
        turn = tried % len(lab.peers)
        row = {
            peer.name if peer else "direct": open_loop.run(lab, peer, rate, CONNECTIONS, max(arguments.seconds, SECONDS_MIN))
            for peer in [None, *lab.peers[turn:], *lab.peers[:turn]]
        }
        problems = [f"{name}: {', '.join(figures['problems'])}" for name, figures in row.items() if figures["problems"]]
        say(f"round {tried}  " + "  ".join(f"{name} {figures['p50']:.0f}/{figures['p99']:.0f} µs" for name, figures in row.items()) + f"  {'; '.join(problems)}")
        spoilt.update(name for name, figures in row.items() if figures["problems"])
        if not problems:
            rounds.append(row)
    return rounds


def spoilt_bar(share, spoilt):
    """Rounds without a figure are those with the worst: ours may not be more than the better peer's."""
    least = min(spoilt[name] for name in RIVALS)
    return Bar(f"open loop at {share:.0%}: rounds spoilt, above the better peer", stats.spread([spoilt["ringway"] - least]), 0, digits=0)


def added(rounds, name, figure):
    return [row[name][figure] - row["direct"][figure] for row in rounds]


def print_added(share, rate, rounds):
    print(f"\n{share:.0%} of its capacity, {rate:,}/s, Poisson, {CONNECTIONS} connections, {len(rounds)} rounds; µs added to the direct way")
    print(f"  {'':8}" + "".join(f"{name:>10}" for name in SHOWN))
    if not rounds:
        return
    direct = [stats.spread([row["direct"][name] for row in rounds]).median for name in SHOWN]
    print("  direct  " + "".join(f"{value:10.0f}" for value in direct))
    for name in PEERS:
        middle = [stats.spread(added(rounds, name, figure)).median for figure in SHOWN]
        print(f"  {name:8}" + "".join(f"{value:+10.0f}" for value in middle))


def bars_of(share, rounds):
    for figure in ("p50", "p99"):
        if not rounds:
            yield Bar(f"open loop at {share:.0%}: added {figure}", None, 0)
            continue
        rival = min(RIVALS, key=lambda name: stats.spread(added(rounds, name, figure)).median)
        pairs = zip(added(rounds, "ringway", figure), added(rounds, rival, figure))
        yield Bar(
            f"open loop at {share:.0%}: added {figure}, µs above {rival}",
            stats.spread([mine - theirs for mine, theirs in pairs]),
            0,
            count_min=PAIRS_MIN,
            digits=0,
        )
    yield Bar(f"open loop at {share:.0%}: added p99, µs", stats.spread(added(rounds, "ringway", "p99")), P99_BAR_US, count_min=PAIRS_MIN, digits=0)
