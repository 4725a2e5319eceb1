"""The figures of HTTP/1.1: bulk by the GiB, a connection per request, and what the access log costs."""

from lab import report, session, stats
from lab.processes import Failure
from lab.verdict import PAIRS_MIN, ROUNDS_MAX, Bar, Verdicts

BULK_BAR = 0.9
CLOSE_BAR = 0.9
LOG_BAR = 1.05
LOG_CONNECTIONS = [64, 256]
RIVALS = ["nginx", "haproxy"]
TUNED = ["nginx+bulk", "haproxy+bulk"]  # No bar, and no secret either.


def http(arguments, say):
    """Four comparisons, one after the other; each has its own interleaved rounds."""
    verdicts, records, remarks = [], {}, []
    for name in ("big", "huge"):
        only = ["ringway", *RIVALS, *TUNED]
        lab, rows = compare(arguments, say, records, scenario=name, only=only)
        verdicts += [rival_bar(lab, row, BULK_BAR) for row in rows if row["peer"] == "ringway"]
        remarks += tuned_remarks(lab)
    lab, rows = compare(arguments, say, records, scenario="close", only=["ringway", *RIVALS])
    verdicts += [rival_bar(lab, row, CLOSE_BAR) for row in rows if row["peer"] == "ringway"]
    lab, rows = compare(
        arguments,
        say,
        records,
        scenario="small",
        connections=LOG_CONNECTIONS,
        only=["ringway", "ringway+json"],
        access_log="json",
    )
    verdicts += [log_bar(row) for row in rows if row["peer"] == "ringway+json"]
    if not lab.group.limited:
        remarks.append("no cgroup here: not saturated, the figures mean little")
    return Verdicts(verdicts, remarks, records)


def compare(arguments, say, records, **settings):
    """Measures one scenario until every pair has come often enough; prints it."""
    lab = session.Session(
        session.Settings(
            build=arguments.build.resolve(),
            rounds=arguments.rounds,
            seconds=arguments.seconds,
            latency_rounds=0,
            **settings,
        ),
        say,
    )
    try:
        if lab.skipped:
            raise Failure(f"{lab.skipped[0]} is needed for these figures, and it is not there")
        facts = report.machine(lab)
        report.print_header(lab, facts)
        lab.measure_until(lambda: fewest_pairs(report.summary(lab)) >= PAIRS_MIN, ROUNDS_MAX)
    finally:
        lab.close()
    rows = report.summary(lab)
    report.print_summary(lab, rows)
    print()
    records[settings["scenario"]] = report.as_json(lab, facts, rows)
    return lab, rows


def fewest_pairs(rows):
    spreads = [row["ratio_to_ringway"] for row in rows]
    return min(spread.count if spread else 0 for spread in spreads)


def rival_bar(lab, row, bar):
    return Bar(
        f"{lab.settings.scenario}: CPU per {lab.scenario.unit.name}, {row['connections']} connections, ÷ {row['better']}",
        row["ratio_to_better"],
        bar,
        count_min=PAIRS_MIN,
    )


def tuned_remarks(lab):
    """How we stand to peers whose configuration was made for bulk and nothing else."""
    for connections in lab.settings.connections:
        mine = report.by_round(lab.runs, "ringway", connections)
        for name in TUNED:
            figure = stats.spread(stats.ratios(mine, report.by_round(lab.runs, name, connections)))
            text = report.interval(figure)
            yield f"{lab.settings.scenario}: {connections} connections, ÷ {name}: {text}"


def log_bar(row):
    return Bar(
        f"small, access log json, {row['connections']} connections, ÷ without",
        row["ratio_to_ringway"],
        LOG_BAR,
        count_min=PAIRS_MIN,
    )
