"""ringway-load in the open loop: requests leave when they are due, whatever the answers do, and latency counts from then."""

import json

from lab.processes import Failure

WARM = "300ms"
SPARE_SECONDS = 30


def run(lab, peer, rate, connections, seconds):
    """One run through a proxy with a core of its own, or directly to the origin when `peer` is None; its
    latencies in µs."""
    proxy, port = (None, lab.origin.port) if peer is None else lab.start_proxy(peer, None)
    try:
        return ask(lab, port, rate, connections, seconds)
    finally:
        if proxy:
            lab.place.end(proxy)


def ask(lab, port, rate, connections, seconds):
    command = [str(lab.settings.build / "ringway-load"), f"http://127.0.0.1:{port}/", "-q", "--json", "-"]
    command += ["-c", str(connections), "-t", "1", "--rate", f"{rate}/s", "--arrivals", "poisson"]
    command += ["--duration", f"{round(seconds * 1000)}ms", "--warmup", WARM, "--expect-body", "pattern"]
    load = lab.place.start(command, group=lab.load_group, cpu=lab.cpus[1], capture=True)
    output, complaint = load.communicate(timeout=seconds + SPARE_SECONDS)
    lab.place.end(load)
    if not output:
        raise Failure(f"ringway-load: {complaint.strip()}")
    return figures(json.loads(output))


def figures(report):
    errors = {kind: count for kind, count in report["errors"].items() if count}
    # A request that was due when all connections were busy has no latency: it would be the worst.
    return {
        "rate": report["rate"],
        "problems": [f"{count} {kind}" for kind, count in errors.items()],
        **{name: 1000 * report["latency_ms"][name] for name in ("p50", "p90", "p99", "p99.9", "max")},
        "late_p99": 1000 * report["sent_late_ms"]["p99"],
    }
