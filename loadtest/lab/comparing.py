"""One comparison as a part of a topic: measured until every pair has come often enough, printed and kept."""

from lab import report, session, stats
from lab.processes import Failure
from lab.verdict import PAIRS_MIN, ROUNDS_MAX, Bar


def compare(arguments, say, records, **settings):
    """Measures one scenario and prints it; its record goes under the scenario's name."""
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
        measure_pairs(lab, arguments, lambda: fewest_pairs(report.summary(lab)))
    finally:
        lab.close()
    rows = report.summary(lab)
    report.print_summary(lab, rows)
    print()
    records[settings["scenario"]] = report.as_json(lab, facts, rows)
    return lab, rows


def measure_pairs(lab, arguments, fewest):
    """Until `fewest`() says that every pair has come as often as a verdict needs."""
    lab.measure_until(lambda: arguments.quick or fewest() >= PAIRS_MIN, ROUNDS_MAX)


def fewest_pairs(rows):
    spreads = [row["ratio_to_ringway"] for row in rows]
    return min(spread.count if spread else 0 for spread in spreads)


def ratio(lab, mine, theirs, connections):
    """Pair by pair, of two peers."""
    return stats.spread(
        stats.ratios(report.by_round(lab.runs, mine, connections), report.by_round(lab.runs, theirs, connections))
    )


def unsaturated(lab, name, connections):
    """A word about runs that the quota did not stop: their proxy went to sleep, which costs."""
    runs = [run for run in lab.runs if run["peer"] == name and run["connections"] == connections and run["valid"]]
    count = sum(not run["saturated"] for run in runs)
    return f"{name} not saturated in {count} of {len(runs)}" if count else ""


def rival_bar(lab, row, bar, note=""):
    notes = [unsaturated(lab, name, row["connections"]) for name in ("ringway", row["better"])]
    note = ", ".join(filter(None, [note, *notes]))
    return Bar(
        f"{lab.settings.scenario}: CPU per {lab.scenario.unit.name}, {row['connections']} connections, ÷ {row['better']}",
        row["ratio_to_better"],
        bar,
        count_min=PAIRS_MIN,
        note=note,
    )
