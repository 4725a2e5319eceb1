"""A group of processes with a CPU quota of its own and its own CPU accounting.

Knows cgroup v1 (cpu and cpuacct, mounted together or apart) and v2. Where no group can be made,
`open_group` returns an `Unlimited` one: the proxy is then only pinned, its CPU time is read from
/proc, and the caller must say so.
"""

import os
import pathlib
import time

PERIOD_US = 10_000
# Of a quota for several cores. The kernel hands a quota out to cores in pieces of 5 ms: within a short period the first
# core that asks would have all of it, and the others none.
PERIOD_SEVERAL_US = 50_000
PREFIX = "ringway-lab-"
# Against what else runs on the machine; inside a quota it gives nothing away.
WEIGHT_V1 = 8192
WEIGHT_V2 = 800


def controller_mounts():
    """Maps controller names, and "v2" for the unified tree, to where they are mounted."""
    mounts = {}
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, place, kind, options = line.split()[:4]
        if kind == "cgroup2":
            mounts["v2"] = pathlib.Path(place)
        elif kind == "cgroup":
            for option in options.split(","):
                mounts[option] = pathlib.Path(place)
    return mounts


def process_clock_us(pid):
    """CPU time of a process; reading it makes the scheduler book what runs at this moment."""
    return time.clock_gettime(((~pid) << 3) | 2) * 1e6


class Unlimited:
    """No group: processes are remembered, and asked one by one."""

    limited = False

    def __init__(self):
        self.pids = []

    def add(self, pid):
        """Called in the parent, after the start."""
        self.pids.append(pid)

    def remove(self, pid):
        """Called when it has ended, before its number can be given to another process."""
        if pid in self.pids:
            self.pids.remove(pid)

    def joiner(self):
        return lambda: None

    def members(self):
        alive = []
        for pid in self.pids:
            alive += descendants(pid)
        return alive

    def cpu_us(self):
        return sum(process_clock_us(pid) for pid in self.members())

    def limit(self, share, cores=1):
        pass

    def throttling(self):
        return 0, 0

    def close(self):
        self.pids = []


class Group:
    """Directories in one or two cgroup trees that are used as one group."""

    limited = True

    def __init__(self, name, cpu, accounting, version):
        self.version = version
        self.cpu = cpu / name
        self.accounting = accounting / name
        self.directories = list(dict.fromkeys([self.cpu, self.accounting]))
        for directory in self.directories:
            directory.mkdir()
        if version == 1:
            (self.cpu / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self.cpu / "cpu.shares").write_text(str(WEIGHT_V1))
        else:
            (self.cpu / "cpu.weight").write_text(str(WEIGHT_V2))

    def limit(self, share, cores=1):
        """`share` of one core, or None for no limit; on how many cores it may be used."""
        period = PERIOD_US if cores == 1 else PERIOD_SEVERAL_US
        quota = None if share is None else int(period * share)
        if self.version == 1:
            (self.cpu / "cpu.cfs_quota_us").write_text("-1")  # A period below the old quota would be refused.
            (self.cpu / "cpu.cfs_period_us").write_text(str(period))
            (self.cpu / "cpu.cfs_quota_us").write_text("-1" if quota is None else str(quota))
        else:
            text = "max" if quota is None else str(quota)
            (self.cpu / "cpu.max").write_text(f"{text} {period}")

    def add(self, pid):
        """A process joins by `joiner`, before it runs its program."""

    def remove(self, pid):
        """The kernel does it."""

    def joiner(self):
        files = [str(directory / "cgroup.procs") for directory in self.directories]

        def join():
            for name in files:
                with open(name, "w") as file:
                    file.write(str(os.getpid()))

        return join

    def members(self):
        return [int(pid) for pid in (self.accounting / "cgroup.procs").read_text().split()]

    def cpu_us(self):
        for pid in self.members():
            try:
                process_clock_us(pid)
            except OSError:
                pass  # It ended in between; the group has its time.
        if self.version == 1:
            return int((self.accounting / "cpuacct.usage").read_text()) / 1000
        return float(self.stat("usage_usec"))

    def throttling(self):
        """How many periods the group ran in, and in how many it was stopped by the quota."""
        return self.stat("nr_periods"), self.stat("nr_throttled")

    def stat(self, name):
        for line in (self.cpu / "cpu.stat").read_text().splitlines():
            key, value = line.split()
            if key == name:
                return int(value)
        return 0

    def close(self):
        for directory in self.directories:
            for _ in range(50):
                try:
                    directory.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.02)  # The last process is still being taken down.


def descendants(pid):
    """The process and everything under it that is alive."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, rest = [], [pid]
    while rest:
        current = rest.pop()
        if pathlib.Path(f"/proc/{current}").exists():
            found.append(current)
        rest += children.get(current, [])
    return found


def remove_stale(parents):
    """Groups of an earlier measurement that was killed too hard to clean up. One measurement runs
    at a time (Workplace holds a lock), so whatever is not ours is stale; only empty ones can go."""
    for parent in parents:
        for directory in parent.glob(PREFIX + "*"):
            if not directory.name.startswith(f"{PREFIX}{os.getpid()}-"):
                try:
                    directory.rmdir()
                except OSError:
                    pass


def open_group(name):
    """A fresh group for `name`, or an Unlimited one when this machine does not allow it."""
    mounts = controller_mounts()
    name = f"{PREFIX}{os.getpid()}-{name}"
    try:
        if "cpu" in mounts and "cpuacct" in mounts:
            cpu, accounting, version = mounts["cpu"], mounts["cpuacct"], 1
        elif "v2" in mounts:
            cpu = accounting = mounts["v2"]
            version = 2
            if "cpu" not in (cpu / "cgroup.subtree_control").read_text().split():
                (cpu / "cgroup.subtree_control").write_text("+cpu")
        else:
            return Unlimited()
        remove_stale({cpu, accounting})
        return Group(name, cpu, accounting, version)
    except OSError:
        return Unlimited()
