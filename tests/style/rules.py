"""The rules, one function each: a file in, findings out. RULES names them all; style_test.py plants a violation of each.

A rule may be broken where breaking it reads better: `// style(rule_name): why` on the line or the line above.
Lengths have no such door, they have ratchet.txt: what is listed there may shrink and never grow.
"""

import re

import edges
from source import Finding

FILE_LINES_MAX = 500
HEADER_LINES_MAX = 200
FUNCTION_LINES_MAX = 70
NESTING_MAX = 3
HEADER_SENTENCES_MIN = 3

ROOMS = ("core/", "balance/", "http/", "health/", "config/", "shards/", "loadtest/")
SHIPPED = ("core/", "balance/", "http/", "health/", "config/", "shards/")
PURE = ("balance/", "http/", "health/", "config/")
REQUEST_PATH = ("core/", "balance/", "http/", "health/", "shards/")
OFF_THE_PATH = ("shards/control/", "shards/cli/", "shards/main.cc")
ATOMICS = ("core/spsc_queue.h", "core/metrics.h", "core/wake_flag.h")
MAY_THROW = ("config/load", "shards/cli/", "shards/main.cc")
VAGUE_WORDS = {"Manager", "Handler", "Helper", "Util", "Utils", "Impl", "Data", "Info"}

RULES = {}


def rule(function):
    RULES[function.__name__] = function
    return function


def search(source, name, pattern, message):
    for line, match in source.matches(pattern):
        yield Finding(source.path, line, name, message.format(match[0].strip()))


@rule
def include_edge(source):
    """Rooms include one another only along the one-way street."""
    for line, kind, name in source.includes:
        if kind != '"':
            continue
        included = name.split("/")[0]
        if included not in edges.ROOMS:
            yield Finding(source.path, line, "include_edge", f'"{name}" is not a path that begins with a room')
        elif not edges.room_edge_allowed(source.room, included):
            yield Finding(source.path, line, "include_edge", f"{source.room} may not include {included}")


@rule
def library_edge(source):
    """A third-party library is included only by the rooms that own it."""
    for line, kind, name in source.includes:
        if kind != "<":
            continue
        library = edges.library_of(name)
        if library is None:
            yield Finding(source.path, line, "library_edge", f"<{name}> belongs to no library in tests/style/edges.py")
        elif not edges.library_allowed(source.path, library):
            yield Finding(source.path, line, "library_edge", f"<{name}> may not be included here")


@rule
def vague_type_name(source):
    """A type's name says what it is; Manager, Handler, Data and their kind say nothing."""
    declared = r"\b(?:class|struct|union|enum(?:\s+class)?|concept|using)\s+(?:\[\[\w+\]\]\s*)?([A-Z]\w*)"
    for line, match in source.matches(declared):
        vague = VAGUE_WORDS.intersection(re.findall(r"[A-Z][a-z0-9]*", match[1]))
        if vague:
            yield Finding(source.path, line, "vague_type_name", f"{match[1]}: not '{vague.pop()}' in a type name")


@rule
def file_length(source):
    limit = HEADER_LINES_MAX if source.is_header else FILE_LINES_MAX
    if len(source.lines) > limit:
        yield Finding(source.path, 1, "file_length", f"{len(source.lines)} lines, at most {limit}")


@rule
def function_length(source):
    for function in source.functions:
        if function.length > FUNCTION_LINES_MAX:
            message = f"{function.name} has {function.length} lines, at most {FUNCTION_LINES_MAX}"
            yield Finding(source.path, function.line, "function_length", message)


@rule
def nesting(source):
    for function in source.functions:
        if function.nesting > NESTING_MAX:
            message = f"{function.name} nests {function.nesting} deep, at most {NESTING_MAX}"
            yield Finding(source.path, function.line, "nesting", message)


@rule
def atomic(source):
    """Shared state lives in three files; everywhere else a second thread does not exist."""
    if source.path.startswith(SHIPPED) and source.path not in ATOMICS:
        yield from search(source, "atomic", r"\bstd::atomic\w*|<atomic>", "{} outside " + ", ".join(ATOMICS))


@rule
def shared_state(source):
    """The request path takes no lock and counts no references."""
    if source.path.startswith(REQUEST_PATH) and not source.path.startswith(OFF_THE_PATH):
        pattern = r"\bstd::\w*mutex\b|\bpthread_mutex\w*|\bcondition_variable\w*|\bthread_local\b|\bshared_ptr\b|\bmake_shared\b"
        yield from search(source, "shared_state", pattern, "{} in a room of the request path")


@rule
def coroutine(source):
    """g++ 12 frees coroutine frames twice in everyday shapes; see STYLE."""
    yield from search(source, "coroutine", r"\bco_(?:await|yield|return)\b", "{}: no coroutines")


@rule
def banned_name(source):
    yield from search(source, "banned_name", r"\bstd::(?:function|regex\w*|format\w*|async|auto_ptr)\b", "{} is not used in this house")


@rule
def exception(source):
    """Exceptions stop inside config/load and the command line."""
    if source.path.startswith(SHIPPED) and not source.path.startswith(MAY_THROW):
        yield from search(source, "exception", r"\b(?:try\s*\{|catch\s*\(|throw\b)", "'{}' outside config/load and shards/cli")


@rule
def switch_default(source):
    """A switch over an enum names every case, so that a new one does not compile until it is thought about."""
    yield from search(source, "switch_default", r"\bdefault\s*:", "a switch names every case")


@rule
def passed_in(source):
    """Time and chance are passed in, so that these rooms run alike under the simulator's clock and seed."""
    if source.path.startswith(PURE):
        pattern = r"\b\w+_clock\b|\b(?:clock_gettime|gettimeofday|getenv|getrandom|random_device|mt19937(?:_64)?|rand)\b"
        yield from search(source, "passed_in", pattern, "{}: the room is told, it does not ask")


@rule
def wall_clock(source):
    """Time is passed in. A test that sleeps is slow on a good day and red on a bad one."""
    if source.path.startswith("tests/"):
        pattern = r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\b|\bsleep\s*\(|\bsystem_clock\b"
        yield from search(source, "wall_clock", pattern, "{} in a test")


@rule
def unfinished(source):
    for number, line in enumerate(source.lines, 1):
        if found := re.search(r"\b(?:TODO|FIXME|XXX|HACK)\b", line):
            yield Finding(source.path, number, "unfinished", f"{found[0]}: do it, or open an issue")


@rule
def header_essay(source):
    """A header opens with what it is, who owns it, which thread touches it and its invariants."""
    if not source.is_header or not source.path.startswith(ROOMS):
        return
    opening = re.match(r"(?://[^\n]*\n)*", source.text)[0]
    sentences = len(re.findall(r"[.!?;:](?:\s|$)", opening))
    if sentences < HEADER_SENTENCES_MIN:
        message = f"the opening comment has {sentences} sentences, at least {HEADER_SENTENCES_MIN}"
        yield Finding(source.path, 1, "header_essay", message)


@rule
def pragma_once(source):
    if source.is_header and not re.search(r"^#pragma once$", source.text, re.MULTILINE):
        yield Finding(source.path, 1, "pragma_once", "a header has '#pragma once'")
