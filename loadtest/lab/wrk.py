"""wrk: the load of a comparison, its command line and its report."""

import os
import re

from lab import peers
from lab.processes import Failure
from lab.scenarios import Kind

# wrk tries its target once before it opens the connections it was asked for.
PROBES = 1
READ_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
READ_ROUNDING = 0.99  # It prints three or four digits.
# One kind of request: wrk makes it once.
ONE_KIND = """wrk.method = "{kind.method}"
wrk.path = "{kind.path}"
wrk.body = string.rep("x", {kind.body_bytes})
"""
# Several: each is made once, and Lua only says whose turn it is.
SEVERAL_KINDS = """local kinds = {{ {kinds} }}
local requests, turn = {{}}, 0
init = function()
    for number, kind in ipairs(kinds) do
        local body = kind[3] > 0 and string.rep("x", kind[3]) or nil
        requests[number] = wrk.format(kind[1], kind[2], nil, body)
    end
end
request = function()
    turn = turn % #requests + 1
    return requests[turn]
end
"""


def program():
    found = peers.system_program("wrk")
    if found is None:
        raise Failure("wrk is not installed: apt-get install wrk")
    return found


def command(scenario, directory, port, connections, seconds):
    """Longer than needed: it is stopped when the window has passed."""
    words = [program(), "-t1", f"-c{connections}", f"-d{int(seconds) + 5}s", "--latency"]
    for header in scenario.headers:
        words += ["-H", header]
    if scenario.kinds != (Kind(),):
        words += ["-s", script(scenario.kinds, directory)]
    return [*words, f"http://127.0.0.1:{port}/"]


def script(kinds, directory):
    path = os.path.join(directory, "kinds.lua")
    rows = ", ".join(f'{{"{kind.method}", "{kind.path}", {kind.body_bytes}}}' for kind in kinds)
    with open(path, "w") as file:
        file.write(SEVERAL_KINDS.format(kinds=rows) if len(kinds) > 1 else ONE_KIND.format(kind=kinds[0]))
    return path


def parse(output):
    """wrk's own report: totals, percentiles in ms, and everything that went wrong as one text."""
    total = re.search(r"(\d+) requests in .*?, ([\d.]+)([KMGT]?B) read", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    errors = [line.strip() for line in output.splitlines() if "rrors:" in line or "Non-2xx" in line]
    if not total or int(total.group(1)) == 0:
        errors.append("wrk saw no answer")
    percentiles = {}
    for percent, number, unit in re.findall(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s)\s*$", output, re.M):
        percentiles[percent] = float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
    return {
        "requests": int(total.group(1)) if total else 0,
        "bytes": float(total.group(2)) * READ_UNITS[total.group(3)] if total else 0.0,
        "rate": float(rate.group(1)) if rate else 0.0,
        "latency_ms": percentiles,
        "errors": "; ".join(errors),
    }


def too_short(answers, body_bytes):
    """wrk checks that an answer is as long as its head says; this, that heads say what they should."""
    return answers["bytes"] < READ_ROUNDING * answers["requests"] * body_bytes
