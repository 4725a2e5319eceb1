"""Who may include whom. The tables are the map of the house; the rules in rules.py only read them."""

import re

# room -> rooms of ours it may include, besides itself.
ROOMS = {
    "core": set(),
    "balance": {"core"},
    "http": {"core"},
    "health": {"http", "core"},
    "config": {"health", "http", "balance", "core"},
    "shards": {"config", "health", "http", "balance", "core"},
    "loadtest": {"balance", "http", "core"},
    "tests": {"shards", "config", "health", "http", "balance", "core", "loadtest"},
}

# What a <...> include begins with -> path prefixes that may have it. fmt is everywhere.
LIBRARIES = {
    "fmt/": ("",),
    # The relay is the floor that our own engine is measured against, so it must not be built on it.
    "liburing": ("core/", "loadtest/relay"),
    "wolfssl/": ("core/",),
    "intel-ipsec-mb.h": ("core/",),
    "ares": ("core/",),
    "xxhash.h": ("core/",),
    "nghttp2/": ("http/",),
    "re2/": ("http/", "health/"),
    "toml": ("config/", "loadtest/scenario", "loadtest/origin/scenario", "loadtest/load/scenario"),
    "CLI/": ("shards/cli",),
    "nlohmann/": ("config/load", "shards/control/"),
    "gtest/": (),
    "gmock/": (),
    "benchmark/": (),
}

# The kernel's and the C library's headers. Balance is pure functions, so it has no use for them.
SYSTEM = re.compile(
    r"^(?:sys|netinet|arpa|linux|net|asm)/|^(?:unistd|fcntl|errno|poll|pthread|sched|signal|netdb|getopt|dirent|"
    r"malloc|time|stdlib|string|stdio|immintrin|x86intrin|execinfo|elf|link|dlfcn|grp|pwd|termios|ucontext|spawn|fnmatch)\.h$"
    r"|^sanitizer/"
)
SYSTEM_FREE = ("balance/",)

STANDARD = re.compile(r"^[a-z_0-9]+$")


def room_edge_allowed(room, included):
    return included == room or included in ROOMS.get(room, set())


def library_of(include):
    """The key of LIBRARIES this include belongs to, 'system', 'standard', or None for a library we do not know."""
    for library in LIBRARIES:
        if include.startswith(library):
            return library
    if SYSTEM.match(include):
        return "system"
    return "standard" if STANDARD.match(include) else None


def library_allowed(path, library):
    if path.startswith("tests/") or library == "standard":
        return True
    if library == "system":
        return not path.startswith(SYSTEM_FREE)
    return path.startswith(LIBRARIES[library]) if LIBRARIES[library] else False
