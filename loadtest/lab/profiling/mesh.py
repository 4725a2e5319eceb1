"""What shards spend on each other: the share of their CPU time that goes into telling and hearing of load, into mail,
and into taking what was heard into account.

A sample belongs to the mesh when one of its functions is anywhere in the stack, what was inlined into others included:
`addr2line` knows from the debug information. The kernel's part below it, as a wake, is in it too.
"""

import os
import subprocess
from collections import Counter

from lab.processes import Failure
from lab.profiling import sampling

# In the order in which a stack is asked. `renew` and `begin_epoch` run whenever others were heard, and without others never.
PARTS = {
    "load": ("ringway::shards::LoadSnapshots::",),
    "mail": ("ringway::shards::Mailbox::", "ringway::shards::Shard::read_mail"),
    "settling": ("ringway::balance::LeastLoaded::begin_epoch", "ringway::balance::LeastLoaded::renew"),
}


def shares(lab, peer, connections, seconds):
    """Of the CPU time of a saturated ringway, by part."""
    recorded = sampling.stacks(lab, peer, connections, seconds)
    return shares_of(list(own_addresses(recorded)), lambda addresses: functions_at(recorded.program, addresses))


def own_addresses(recorded):
    """Of each sample, the addresses within the program."""
    name = os.path.basename(recorded.program)
    for frames in sampling.frames_of(recorded.text):
        found = []
        for depth, (address, _, place) in enumerate(frames):
            if os.path.basename(place) == name:
                # But for the innermost they are return addresses: the call is before them.
                found.append(address - (1 if depth else 0))
        yield found


def shares_of(samples, resolve):
    """`resolve` takes addresses and gives the functions that stand at each, inlined ones included."""
    functions = resolve(sorted({address for sample in samples for address in sample}))
    counts = Counter(part_of(functions[address] for address in sample) for sample in samples)
    names = {name for found in functions.values() for name in found}
    if not names - {"??"}:
        raise Failure("no sample tells of a function of ringway's: is it built with debug information?")
    return {part: counts[part] / len(samples) for part in PARTS}


def part_of(frames):
    names = [name for functions in frames for name in functions]
    for part, prefixes in PARTS.items():
        if any(name.startswith(prefixes) for name in names):
            return part
    return ""


def functions_at(program, addresses):
    """By address, with `addr2line`, whose answer to each begins with the address itself."""
    text = "\n".join(map(hex, addresses))
    command = ["addr2line", "-e", program, "-a", "-f", "-i", "-C"]
    answer = subprocess.run(command, input=text, check=True, capture_output=True, text=True, timeout=120).stdout
    return read_functions(answer)


def read_functions(text):
    """An address, then two lines for each function that stands there: its name and its place."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        if line.startswith("0x"):
            names = found[int(line, 16)] = []
        else:
            names.append(line)
            next(lines)
    return found
