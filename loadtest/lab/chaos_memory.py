"""Whether a chaos run's memory grows on and on, or has only met a moment with more under way than any before.

Buffers, connections and exchanges lie in slabs and pools, whose pages become resident when a place is first taken and stay
so: each moment with more at once than ever before is a step (the first bulk buffer of a shard alone 257 KiB), and they end. What
leaks there leaks on and on. All else should not grow at all: that is found by itself, however unevenly it comes.
A place that is never given back is no matter of size: it keeps ringway from ending with status 0."""

import re
import statistics

PARTS = 8
STEADY_MAX = 1 << 20
OUTSIDE_MAX = 256 << 10
# glibc's arenas are reserved like slabs (MAP_NORESERVE), and begin at such a multiple.
ARENA_ALIGNMENT = 64 << 20


def outside_slabs(smaps):
    """Bytes that were allocated anywhere but in slabs and pools, of the text of /proc/PID/smaps."""
    total = 0
    for text in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", smaps, flags=re.MULTILINE)[1:]:
        begin = int(text.partition("-")[0], 16)
        flags = re.search(r"^VmFlags:(.*)$", text, re.MULTILINE)[1].split()
        if "nr" not in flags or begin % ARENA_ALIGNMENT == 0:
            total += int(re.search(r"^Anonymous: +(\d+) kB$", text, re.MULTILINE)[1]) << 10
    return total


def grown(memory, seconds):
    """By how much since a third of the run; by then everything that is made once was made. `memory` is (second, bytes)."""
    return memory[-1][1] - settled(memory, seconds / 3)


def steady(memory, seconds):
    """How much of that went on all the time: the growth of the eighth in the middle, eight times. Steps do not count,
    as long as they come in fewer than half of the eighths."""
    first, length = seconds / 3, seconds * 2 / 3 / PARTS
    sizes = [settled(memory, first + part * length) for part in range(PARTS)] + [memory[-1][1]]
    return PARTS * statistics.median(after - before for before, after in zip(sizes, sizes[1:]))


def settled(memory, second):
    return max(size for at, size in memory if at <= second)


def complaints(memory, outside, seconds):
    """`outside`: what lay outside slabs at a third of the run and at its end."""
    if (leak := steady(memory, seconds)) > STEADY_MAX:
        yield f"resident memory grows on: by {leak:.0f} bytes since a third of the run, without its steps"
    if (growth := outside[-1] - outside[0]) > OUTSIDE_MAX:
        yield f"memory outside of slabs and pools grew by {growth} bytes since a third of the run"
