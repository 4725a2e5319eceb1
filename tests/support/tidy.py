#!/usr/bin/env python3
"""Runs clang-tidy over what a build directory compiles: tidy.py BUILD_DIRECTORY

Every file of the rooms is read, and of the tests those that changed since origin/main or, there, since the last
commit; RINGWAY_LONG=1 reads all of them. A file costs two to three seconds, and half the files are tests.
A file is clean for good once clang-tidy found nothing in it: the key is the hash of clang-tidy's version, the .clang-tidy
files and the file with all its includes expanded. Keys lie in ~/.cache/ringway/tidy, so that every clone on a machine has
them, as with ccache. Counts files through $STAGE_TALLY as tests/support/stage.sh does.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringway/tidy"
TIDY = "clang-tidy-19"
CHECKS = (Path(".clang-tidy"), Path("tests/.clang-tidy"))


def expanded(entry):
    """The translation unit after the preprocessor, with line markers so that a moved line counts as a change.

    Where that fails it is clang-tidy that says why."""
    command = shlex.split(entry["command"])
    command = command[: command.index("-o")] + ["-E", "-o", "-", entry["file"]]
    return subprocess.run(command, cwd=entry["directory"], capture_output=True).stdout


def rules():
    """What a finding depends on besides the file."""
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    return hashlib.sha256(b"".join([version, *(file.read_bytes() for file in CHECKS)]))


def tidy(build, entry, digest):
    """(file, what clang-tidy found or None)."""
    digest.update(expanded(entry).replace(str(Path.cwd()).encode(), b""))
    remembered = CACHE / digest.hexdigest()
    if remembered.exists():
        return entry["file"], None
    command = [TIDY, "-p", build, "--quiet", "--warnings-as-errors=*", entry["file"]]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode == 0:
        remembered.touch()
        return entry["file"], None
    return entry["file"], run.stdout + re.sub(r"\d+ warnings? generated.*\n", "", run.stderr)


def git(*arguments):
    return subprocess.run(["git", *arguments], capture_output=True, text=True).stdout.split()


def changed():
    """Files that differ from where this work began: from origin/main, or from the last commit when we stand on it."""
    base = git("merge-base", "HEAD", "origin/main")
    if not base or base == git("rev-parse", "HEAD"):
        base = ["HEAD~1"]
    return set(git("diff", "--name-only", *base) + git("ls-files", "-o", "--exclude-standard"))


def wanted(entries):
    everything, recent = os.environ.get("RINGWAY_LONG") == "1", changed()
    for entry in entries:
        path = str(Path(entry["file"]).relative_to(Path.cwd()))
        if everything or not path.startswith("tests/") or path in recent:
            yield entry


def main(build):
    CACHE.mkdir(parents=True, exist_ok=True)
    compiled = {e["file"]: e for e in json.loads((Path(build) / "compile_commands.json").read_text())}
    entries = list(wanted(compiled.values()))
    digest = rules()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda entry: tidy(build, entry, digest.copy()), entries))
    dirty = [(file, found) for file, found in results if found is not None]
    for file, found in dirty:
        print(f"{Path(file).relative_to(Path.cwd())}\n{found}")
    print(f"clang-tidy: {len(results)} of {len(compiled)} files read, {len(dirty)} with findings")
    with open(os.environ.get("STAGE_TALLY", "/dev/stdout"), "a") as tally:
        print(f"passed {len(results) - len(dirty)}\nfailed {len(dirty)}", file=tally)
    return 1 if dirty else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
