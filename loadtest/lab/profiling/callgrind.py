"""Instructions of ringway's own code per request: runs build/instructions under callgrind and reads what it wrote.

The kernel and the peers of that program are on paper (tests/instructions/README.md). What they cost is left out; what our code
costs in a library, such as a memcpy, is counted for the function of ours that called it.
"""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from lab.processes import Failure

COUNTED = "ringway_counted_tick"
ROOMS = ("core", "balance", "http", "health", "config", "shards")
# The C library's plainest variants: which one it takes by itself depends on the processor.
TUNABLES = "glibc.cpu.hwcaps=-AVX2,-AVX,-FMA,-FMA4,-ERMS,-FSRM,-SSE4_2,-SSSE3"
SECONDS_MAX = 120
PAPER = "paper"  # Not ours: the kernel's and the peers' stand-ins.


@dataclass
class Function:
    name: str
    file: str
    binary: str
    by_file: dict = field(default_factory=dict)  # Instructions of its own, by the source file they came from.
    callers: dict = field(default_factory=dict)  # Instructions spent in it and below, by who called.

    @property
    def own(self):
        return sum(self.by_file.values())


@dataclass
class Profile:
    requests: int
    total: float = 0.0
    rooms: dict = field(default_factory=dict)
    functions: dict = field(default_factory=dict)

    @property
    def per_request(self):
        return self.total / self.requests


class Reader:
    """Reads callgrind's format: names are said once and then go by number; a line after `calls=` is what they cost."""

    def __init__(self):
        self.names = {}
        self.functions = {}
        self.binary = self.file = self.line_file = ""
        self.function = None
        self.callee = {}
        self.is_call = False

    def name(self, kind, text):
        number, _, name = text.partition(" ")
        if name:
            self.names[kind, number] = name
        return self.names[kind, number]

    def node(self, name, file, binary):
        return self.functions.setdefault((name, binary), Function(name, file, binary))

    def read(self, lines):
        for line in lines:
            key, mark, value = line.rstrip("\n").partition("=")
            if line[:1] in "+-*0123456789" and line.strip():
                self.read_cost(int(line.split()[-1]))
            elif mark and value.startswith("("):
                self.read_name(key, value)
            elif key == "calls":
                self.is_call = True
        return self.functions

    def read_name(self, key, value):
        if key == "ob":
            self.binary = self.name("ob", value)
        elif key in ("fl", "fi", "fe"):
            self.line_file = self.name("fl", value)
            if key == "fl":
                self.file = self.line_file
        elif key == "fn":
            self.function = self.node(self.name("fn", value), self.file, self.binary)
            self.line_file = self.file
        elif key == "cob":
            self.callee["ob"] = self.name("ob", value)
        elif key in ("cfi", "cfl"):
            self.callee["fl"] = self.name("fl", value)
        elif key == "cfn":
            self.callee["fn"] = self.name("fn", value)

    def read_cost(self, cost):
        if self.is_call:
            callee = self.node(
                self.callee["fn"], self.callee.get("fl", self.file), self.callee.get("ob", self.binary)
            )
            caller = (self.function.name, self.function.binary)
            callee.callers[caller] = callee.callers.get(caller, 0) + cost
            self.callee, self.is_call = {}, False
        else:
            costs = self.function.by_file
            costs[self.line_file] = costs.get(self.line_file, 0) + cost


def room_of(path):
    """The room of a source file, "" for one that is not ours."""
    found = re.search(rf"(?:^|/)({'|'.join(ROOMS)})/[\w/]+\.(?:cc|h)$", path)
    return "" if not found or path.startswith("/usr/") or "/tests/" in path else found[1]


def is_paper(function):
    return "ringway::paper::" in function.name or "tests/instructions/" in function.file or function.name == COUNTED


def is_ours(function):
    return function.name.startswith("ringway::") or room_of(function.file) != ""


class Shares:
    """For whom a function worked, as shares of one: for itself when it is ours, else for those who called it."""

    def __init__(self, functions):
        self.functions = functions
        self.known = {}

    def of(self, key):
        if key not in self.known:
            self.known[key] = {}  # A circle among strangers counts for nobody.
            self.known[key] = self.find(self.functions[key])
        return self.known[key]

    def find(self, function):
        if is_paper(function):
            return {PAPER: 1.0}
        if is_ours(function):
            return {(function.name, function.binary): 1.0}
        calls = {caller: cost for caller, cost in function.callers.items() if cost}
        shares = {}
        for caller, cost in calls.items():
            for whom, share in self.of(caller).items():
                shares[whom] = shares.get(whom, 0) + share * cost / sum(calls.values())
        return shares


def add(sums, key, value):
    sums[key] = sums.get(key, 0) + value


def profile_of(functions, requests):
    profile = Profile(requests)
    shares = Shares(functions)
    for key, function in functions.items():
        for whom, share in shares.of(key).items():
            if whom == PAPER:
                continue
            owner = functions[whom]
            profile.total += share * function.own
            add(profile.functions, shown_name(owner), share * function.own)
            for file, cost in function.by_file.items():
                room = room_of(file) or room_of(owner.file) or room_in_name(owner.name)
                add(profile.rooms, room, share * cost)
    return profile


def room_in_name(name):
    found = re.match(r"ringway::(\w+)::", name)
    return found[1] if found and found[1] in ROOMS else "other"


def shown_name(function):
    """Without arguments and what the compiler appended. A thunk is a virtual function reached through a second base."""
    if function.name.startswith(".LTHUNK"):
        return "thunks in " + re.sub(r".*?/\.\./", "", function.file)
    name = re.sub(r"\s*\[clone [^]]*\]|\.(lto_priv|isra|part|constprop)\.\d+", "", function.name)
    name = name.replace("(anonymous namespace)::", "").replace("ringway::", "")
    return re.sub(r"\(.*\)( const)?$", "", name)


def program(build):
    path = Path(build) / "instructions"
    if not path.exists():
        raise Failure(f"{path} is not built: ninja -C {build} instructions")
    return path


def scenarios(build):
    return subprocess.run([program(build), "--list"], check=True, capture_output=True, text=True).stdout.split()


def run(build, scenario):
    """The Profile of one scenario."""
    with tempfile.TemporaryDirectory(prefix="ringway-callgrind-") as directory:
        out = Path(directory) / "out"
        command = ["valgrind", "--tool=callgrind", f"--toggle-collect={COUNTED}", f"--callgrind-out-file={out}"]
        try:
            done = subprocess.run(
                [*command, program(build), scenario],
                env={**os.environ, "GLIBC_TUNABLES": TUNABLES},
                capture_output=True,
                text=True,
                timeout=SECONDS_MAX,
            )
        except FileNotFoundError:
            raise Failure("valgrind is not installed: apt-get install valgrind") from None
        said = re.search(r"requests (\d+)", done.stdout)
        if done.returncode != 0 or not said:
            raise Failure(f"instructions {scenario} under callgrind:\n{done.stderr[-2000:]}")
        with out.open() as lines:
            return profile_of(Reader().read(lines), int(said[1]))
