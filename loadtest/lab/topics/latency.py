"""What a proxy adds to an answer's latency, in the open loop, against the better peer."""

from lab import added_latency, report, session, stats
from lab.processes import Failure
from lab.verdict import PAIRS_MIN, Bar, Verdicts, rounds_of

PEERS = ["ringway", *report.RIVALS, "relay"]
SHARE = 0.5  # Of the weakest peer's capacity, for which there are bars; what comes beyond is told.
P99_BAR_US = 1000


def latency(arguments, say):
    settings = session.Settings(
        build=arguments.build.resolve(),
        connections=[added_latency.CONNECTIONS],
        only=PEERS,
        realtime=True,
    )
    lab = session.Session(settings, say)
    try:
        if lab.skipped:
            raise Failure(f"{lab.skipped[0]} is needed for these figures, and it is not there")
        facts = report.machine(lab)
        report.print_header(lab, facts)
        capacities, found = added_latency.measure_shares(lab, rounds_of(arguments), arguments.seconds)
    finally:
        lab.close()
    remarks = [
        f"{share:.0%}: {count} rounds not taken because of {name}"
        for share, rounds in found.items()
        for name, count in rounds.spoilt.most_common()
    ]
    record = {"machine": facts, "capacity": capacities, "rates": {}, "latency": {}}
    for share, rounds in found.items():
        record["rates"][f"{share:.0%}"] = rounds.rate
        record["latency"][f"{share:.0%}"] = rounds.rows
    return Verdicts([*bars_of(found[SHARE]), spoilt_bar(found[SHARE].spoilt)], remarks, record)


def spoilt_bar(spoilt):
    """Rounds without a figure are those with the worst: ours may not be more than the better peer's."""
    least = min(spoilt[name] for name in report.RIVALS)
    return Bar(f"open loop at {SHARE:.0%}: rounds spoilt, above the better peer", stats.spread([spoilt["ringway"] - least]), 0, digits=0)


def bars_of(found):
    for figure in ("p50", "p99"):
        if not found.rows:
            yield Bar(f"open loop at {SHARE:.0%}: added {figure}", None, 0)
            continue
        rival = min(report.RIVALS, key=lambda name: stats.spread(found.added(name, figure)).median)
        pairs = zip(found.added("ringway", figure), found.added(rival, figure))
        yield Bar(
            f"open loop at {SHARE:.0%}: added {figure}, µs above {rival}",
            stats.spread([mine - theirs for mine, theirs in pairs]),
            0,
            count_min=PAIRS_MIN,
            digits=0,
        )
    yield Bar(f"open loop at {SHARE:.0%}: added p99, µs", stats.spread(found.added("ringway", "p99")), P99_BAR_US, count_min=PAIRS_MIN, digits=0)
