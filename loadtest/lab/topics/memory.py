"""What an idle connection costs in resident memory, beside nginx and HAProxy."""

from lab import idle, report, session, stats
from lab.processes import Failure
from lab.verdict import Bar, Verdicts

# Resident bytes that an idle connection adds: (bar, ambition).
IDLE_BYTES = (1024, 512)
IDLE_CONNECTIONS = 10_000
IDLE_CONNECTIONS_PEERS = 8_000  # What their committed configurations hold below 20,000 descriptors.
QUICK_CONNECTIONS = 4_000


def memory(arguments, say):
    only = ["ringway", *report.RIVALS]
    lab = session.Session(session.Settings(build=arguments.build.resolve(), only=only), say)
    try:
        if lab.skipped:
            raise Failure(f"{lab.skipped[0]} is needed for these figures, and it is not there")
        facts = report.machine(lab)
        report.print_header(lab, facts)
        found = idle_memory(lab, arguments)
    finally:
        lab.close()
    return Verdicts([idle_bar(found, QUICK_CONNECTIONS if arguments.quick else IDLE_CONNECTIONS)], [], {"machine": facts, "idle_bytes": found})


def idle_memory(lab, arguments):
    """Bytes per idle connection by peer; None for one that could not hold them."""
    found = {}
    for peer in lab.peers:
        if peer.name == "relay":
            continue  # It needs two descriptors for each, and nobody runs it.
        count = IDLE_CONNECTIONS if peer.name == "ringway" else IDLE_CONNECTIONS_PEERS
        count = QUICK_CONNECTIONS if arguments.quick else count
        try:
            found[peer.name] = idle.bytes_per_connection(lab, peer, count)
            lab.say(f"{count} idle connections  {peer.name:8} {found[peer.name]:5.0f} B each")
        except OSError as error:
            found[peer.name] = None
            lab.say(f"{count} idle connections  {peer.name:8} not held: {error}")
    return found


def idle_bar(memory, connections=IDLE_CONNECTIONS):
    mine = memory["ringway"]
    others = [f"{name} {memory[name]:.0f}" for name in ("nginx", "haproxy") if memory[name]]
    return Bar(
        f"resident bytes per connection, {connections:,} idle",
        None if mine is None else stats.spread([mine]),
        *IDLE_BYTES,
        note=", ".join(others),
        digits=0,
    )
