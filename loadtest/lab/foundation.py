"""The figures of the foundation: CPU per small request, and what an idle connection costs."""

from lab import idle, report, session, stats
from lab.processes import Failure
from lab.verdict import PAIRS_MIN, ROUNDS_MAX, Bar, Verdicts

# connections: (bar, ambition), as ratio to the better of nginx and HAProxy.
FOUNDATION = {256: (0.90, 0.78), 64: (0.95, 0.88), 8: (1.02, 0.97)}
# Resident bytes that an idle connection adds: (bar, ambition).
IDLE_BYTES = (1024, 512)
IDLE_CONNECTIONS = 10_000
IDLE_CONNECTIONS_PEERS = 8_000  # What their committed configurations hold below 20,000 descriptors.


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
        lab.measure_until(lambda: fewest_pairs(lab) >= PAIRS_MIN, ROUNDS_MAX)
        memory = idle_memory(lab)
    finally:
        lab.close()
    rows = report.summary(lab)
    report.print_summary(lab, rows)
    return Verdicts(
        [*(foundation_bar(rows, connections) for connections in FOUNDATION), idle_bar(memory)],
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


def idle_memory(lab):
    """Bytes per idle connection by peer; None for one that could not hold them."""
    found = {}
    for peer in lab.peers:
        if peer.name == "relay":
            continue  # It needs two descriptors for each, and nobody runs it.
        count = IDLE_CONNECTIONS if peer.name == "ringway" else IDLE_CONNECTIONS_PEERS
        try:
            found[peer.name] = idle.bytes_per_connection(lab, peer, count)
            lab.say(f"{count} idle connections  {peer.name:8} {found[peer.name]:5.0f} B each")
        except OSError as error:
            found[peer.name] = None
            lab.say(f"{count} idle connections  {peer.name:8} not held: {error}")
    return found


def idle_bar(memory):
    mine = memory["ringway"]
    others = [f"{name} {memory[name]:.0f}" for name in ("nginx", "haproxy") if memory[name]]
    return Bar(
        f"resident bytes per connection, {IDLE_CONNECTIONS} idle",
        None if mine is None else stats.spread([mine]),
        *IDLE_BYTES,
        note=", ".join(others),
        digits=0,
    )


def fewest_pairs(lab):
    rows = [row for row in report.summary(lab) if row["peer"] == "ringway"]
    spreads = [row["ratio_to_better"] for row in rows]
    return min((spread.count if spread else 0) for spread in spreads)
