"""slowhttptest, somebody else's tool for the same three attacks, as a check on our own attackers."""

import csv
import pathlib
import subprocess

from lab import peers
from lab.peers import ROOT
from lab.processes import Failure

SECONDS = 30
PROBE_SECONDS_MAX = 3  # Its own request beside the attack must be answered within.
CONNECTS_PER_SECOND = 1500
ATTACKS = {
    "header": ["-H", "-i", "5"],
    "body": ["-B", "-i", "5", "-s", "1000000"],
    "read": ["-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32"],
}
INSTALL = "source tests/support/packages.sh && packages_install slow"


def program():
    if peers.system_program("slowhttptest") is None:
        subprocess.run(["bash", "-c", INSTALL], cwd=ROOT, stdin=subprocess.DEVNULL, timeout=300)
    found = peers.system_program("slowhttptest")
    if found is None:
        raise Failure("slowhttptest is not installed: apt-get install slowhttptest")
    return found


def check(place, port, attackers):
    """Each of its attacks once. True when the server answered its probe in every second of each."""
    print(f"\nslowhttptest, {attackers} connections, {SECONDS} s of each attack:")
    return all([check_one(place, program(), port, name, attackers) for name in ATTACKS])


def check_one(place, tool, port, name, attackers):
    prefix = pathlib.Path(place.directory) / f"slowhttptest-{name}"
    command = ["nice", "-n", "19", tool, *ATTACKS[name], "-c", str(attackers), "-r", str(CONNECTS_PER_SECOND)]
    command += ["-l", str(SECONDS), "-p", str(PROBE_SECONDS_MAX), "-g", "-o", str(prefix), "-v", "0"]
    command += ["-u", f"http://127.0.0.1:{port}/"]
    tool_process = place.start(command, capture=True)
    try:
        tool_process.communicate(timeout=SECONDS * 3)
    except subprocess.TimeoutExpired:
        raise Failure(f"slowhttptest {name} does not end") from None
    finally:
        place.end(tool_process)
    return tell(name, read_rows(prefix.with_suffix(".csv")))


def read_rows(path):
    """Its seconds: {"Seconds", "Closed", "Pending", "Connected", "Service Available"}, all numbers."""
    try:
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError:
        raise Failure(f"slowhttptest left no {path.name}") from None
    return [{key: int(value) for key, value in row.items() if value} for row in rows]


def tell(name, rows):
    """While it is up, the column "Service Available" holds a height to draw; 0 is an outage."""
    # It ends early when the server has ended its connections, and for no good reason otherwise.
    if not rows or (len(rows) < SECONDS // 2 and rows[-1]["Closed"] == 0):
        print(f"{name:>8}  only {len(rows)} s measured: NOT MET")
        return False
    down = [row["Seconds"] for row in rows if row["Service Available"] == 0]
    most = max(row["Connected"] for row in rows)
    verdict = f"NOT MET: no answer at second {down[0]}" if down else "met"
    print(f"{name:>8}  up to {most} connected, {rows[-1]['Closed']} closed; available throughout: {verdict}")
    return not down
