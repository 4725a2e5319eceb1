#!/usr/bin/env python3
"""Checks the house style over the whole tree. Prints `path:line: rule: message` per finding and a count per rule.

    tests/style/style.py             check
    tests/style/style.py --tighten   write ratchet.txt down to today's lengths (it never raises one)
"""

import os
import re
import sys
from pathlib import Path

import tree
from rules import RULES
from source import Finding, Source

ROOT = Path(__file__).resolve().parents[2]
RATCHET = ROOT / "tests/style/ratchet.txt"
TREE_RULES = ("top_level", "room_readme", "machine_path", "layout", "exception_comment", "ratchet")


def read_ratchet(text):
    """{(rule, path, name): lines} from lines `rule path name lines`; the name of a whole file is `-`."""
    entries = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            kind, path, name, lines = line.split()
            entries[kind, path, name] = int(lines)
    return entries


def lengths(sources):
    for source in sources:
        yield ("file_length", source.path, "-"), len(source.lines)
        for function in source.functions:
            yield ("function_length", source.path, function.name), function.length


def excused(source, finding):
    """True where `// style(rule): why` stands on the finding's line or the one above."""
    near = source.lines[max(0, finding.line - 2) : finding.line]
    return any(re.search(rf"//.*style\({finding.rule}\): \w", line) for line in near)


def exception_comments(source):
    """An exception has to name a rule that exists."""
    for number, line in enumerate(source.lines, 1):
        for name in re.findall(r"//.*\bstyle\((\w+)\)", line):
            if name not in RULES:
                yield Finding(source.path, number, "exception_comment", f"there is no rule '{name}'")


def ratcheted(finding, source, ratchet):
    """True for a length the ratchet lists and that has not grown."""
    if finding.rule == "file_length":
        return len(source.lines) <= ratchet.get((finding.rule, source.path, "-"), 0)
    if finding.rule == "function_length":
        here = [f for f in source.functions if f.line == finding.line]
        return all(f.length <= ratchet.get((finding.rule, source.path, f.name), 0) for f in here)
    return False


def check_source(source, ratchet):
    for check in RULES.values():
        for finding in check(source):
            if not excused(source, finding) and not ratcheted(finding, source, ratchet):
                yield finding
    yield from exception_comments(source)


def stale_entries(sources, ratchet):
    """A ratchet holds: an entry above today's length, or for something gone, is itself a finding."""
    today = {}
    for key, lines in lengths(sources):
        today[key] = max(lines, today.get(key, 0))
    for key, lines in ratchet.items():
        if today.get(key, 0) < lines:
            message = f"{' '.join(key)} is {today.get(key, 'gone')} now, not {lines}: run style.py --tighten"
            yield Finding("tests/style/ratchet.txt", 1, "ratchet", message)


def tighten(sources, ratchet):
    today = {}
    for key, lines in lengths(sources):
        today[key] = max(lines, today.get(key, 0))
    header = [line for line in RATCHET.read_text().splitlines() if line.startswith("#")]
    kept = [f"{' '.join(key)} {min(lines, today[key])}" for key, lines in ratchet.items() if key in today]
    RATCHET.write_text("\n".join(header + kept) + "\n")


def main(arguments):
    paths = tree.tracked(ROOT)
    sources = [Source(p, (ROOT / p).read_text()) for p in paths if p.endswith(tree.SOURCE_SUFFIXES)]
    ratchet = read_ratchet(RATCHET.read_text())
    if arguments == ["--tighten"]:
        tighten(sources, ratchet)
        return 0
    findings = [finding for source in sources for finding in check_source(source, ratchet)]
    findings += tree.check_tree(ROOT, paths)
    findings += stale_entries(sources, ratchet)
    for finding in sorted(findings, key=lambda f: (f.path, f.line)):
        print(finding)
    broken = {finding.rule for finding in findings}
    kept = len({*RULES, *TREE_RULES} - broken)
    print(f"style: {kept} rules kept, {len(broken)} broken, {len(sources)} C++ files")
    if tally := os.environ.get("STAGE_TALLY"):
        Path(tally).open("a").write(f"passed {kept}\nfailed {len(broken)}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
