"""Rules about the repository as a whole: what stands at the top, room READMEs, machine paths, layout by clang-format."""

import re
import subprocess
from pathlib import Path

import edges
from source import Finding

TOP = {"CMakeLists.txt", "README.md", "LICENSE", *edges.ROOMS}
SOURCE_SUFFIXES = (".h", ".cc")
TEXT_LINES_MAX = 500
# Written in two parts so that this line is not its own finding.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:" + "work|home/[a-z]\\w*|root|tmp/bash_jobs" + r")/\w")


def tracked(root):
    """Everything that is committed or would be: git's view of the tree, without what it ignores."""
    command = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(name for name in set(names) if (root / name).is_file())


def top_level(paths):
    for name in sorted({path.split("/")[0] for path in paths}):
        if name not in TOP and not name.startswith("."):
            yield Finding(name, 1, "top_level", "does not belong at the top: " + " ".join(sorted(TOP)))


def room_readme(paths):
    for room in edges.ROOMS:
        if any(path.startswith(f"{room}/") for path in paths) and f"{room}/README.md" not in paths:
            yield Finding(f"{room}/README.md", 1, "room_readme", "every room says what it is for")


def machine_path(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if found := MACHINE_PATH.search(line):
            yield Finding(path, number, "machine_path", f"'{found[0]}…' is a path on one machine")


def script_length(path, text):
    lines = len(text.splitlines())
    if path.endswith((".py", ".sh", ".js", ".cmake", "CMakeLists.txt")) and lines > TEXT_LINES_MAX:
        yield Finding(path, 1, "file_length", f"{lines} lines, at most {TEXT_LINES_MAX}")


def layout(root, paths, tool="clang-format-19"):
    """Each file clang-format would change, once."""
    files = [path for path in paths if path.endswith(SOURCE_SUFFIXES)]
    if not files:
        return
    run = subprocess.run([tool, "--dry-run", "-Werror", *files], cwd=root, capture_output=True, text=True)
    first = {}
    for found in re.finditer(r"^(\S+?):(\d+):\d+: error: code should be clang-formatted", run.stderr, re.MULTILINE):
        first.setdefault(found[1], int(found[2]))
    for path, line in first.items():
        yield Finding(path, line, "layout", f"not as .clang-format says: {tool} -i {path}")
    if run.returncode != 0 and not first:
        yield Finding(".clang-format", 1, "layout", run.stderr.strip()[:200])


def check_tree(root: Path, paths):
    yield from top_level(paths)
    yield from room_readme(paths)
    yield from layout(root, paths)
    for path in paths:
        text = (root / path).read_text(errors="replace")
        if path.startswith("tests/fuzz/corpus/"):
            continue
        yield from machine_path(path, text)
        yield from script_length(path, text)
