"""The figures of the foundation: CPU per small request, and what an idle connection costs."""

from lab import report, session
from lab.comparing import measure_pairs
from lab.processes import Failure
from lab.topics.memory import IDLE_CONNECTIONS, QUICK_CONNECTIONS, idle_bar, idle_memory
from lab.verdict import PAIRS_MIN, Bar, Verdicts

# connections: (bar, ambition), as ratio to the better of nginx and HAProxy.
FOUNDATION = {256: (0.90, 0.78), 64: (0.95, 0.88), 8: (1.02, 0.97)}


def foundation(arguments, say):
    """CPU per request at saturation against the better peer, beside the relay's own floor; then what
    an idle connection costs."""
    lab = session.Session(
        session.Settings(
            build=arguments.build.resolve(),
            connections=sorted(FOUNDATION),
            rounds=arguments.rounds,
            seconds=arguments.seconds,
            latency_rounds=0,
        ),
        say,
    )
    try:
        for name in ("ringway", "nginx", "haproxy", "relay"):
            if name in lab.skipped:
                raise Failure(f"{name} is needed for these figures, and it is not there")
        facts = report.machine(lab)
        report.print_header(lab, facts)
        measure_pairs(lab, arguments, lambda: fewest_pairs(lab))
        memory = idle_memory(lab, arguments)
    finally:
        lab.close()
    rows = report.summary(lab)
    report.print_summary(lab, rows)
    return Verdicts(
        [*(foundation_bar(rows, connections) for connections in FOUNDATION), idle_bar(memory, QUICK_CONNECTIONS if arguments.quick else IDLE_CONNECTIONS)],
        [] if lab.group.limited else ["no cgroup here: not saturated, the figures mean little"],
        report.as_json(lab, facts, rows) | {"idle_bytes": memory},
    )


def foundation_bar(rows, connections):
    found = {row["peer"]: row for row in rows if row["connections"] == connections}
    mine, floor = found["ringway"], found["relay"]["ratio_to_better"]
    return Bar(
        f"CPU per request, {connections} connections, ÷ {mine['better']}",
        mine["ratio_to_better"],
        *FOUNDATION[connections],
        count_min=PAIRS_MIN,
        note=f"relay {floor.median:.3f}" if floor else "relay not measured",
    )


def fewest_pairs(lab):
    rows = [row for row in report.summary(lab) if row["peer"] == "ringway"]
    spreads = [row["ratio_to_better"] for row in rows]
    return min((spread.count if spread else 0) for spread in spreads)
