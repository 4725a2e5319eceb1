"""The committed instructions per request, and whether those of now are as good: `name figure` lines, comments kept."""

from dataclasses import dataclass

WORSE_MAX = 0.03
BETTER_MIN = 0.03  # A gain that nobody writes down could be lost again unnoticed.
COMPILER = "compiler:"


@dataclass
class Verdict:
    lines: list
    passed: int = 0
    failed: int = 0
    skipped: str = ""  # Why nothing was judged.


def read(text):
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    compiler = next((line[len(COMPILER) :].strip() for line in lines if line.startswith(COMPILER)), "")
    counts = dict(line.split() for line in lines if not line.startswith(COMPILER))
    return compiler, {name: float(count) for name, count in counts.items()}


def written(text, compiler, counted):
    """The file's text with the figures of now; what was not counted keeps its figure."""
    comments = [line for line in text.splitlines() if line.startswith("#")]
    counts = {**read(text)[1], **counted}
    lines = [f"{name:12}{count:8.0f}" for name, count in counts.items()]
    return "\n".join([*comments, f"{COMPILER} {compiler}", *lines]) + "\n"


def judge(text, compiler, counted):
    committed_by, committed = read(text)
    if compiler != committed_by:
        why = f"the figures are of {committed_by}, and this is {compiler}"
        return Verdict([f"SKIPPED: {why}"], skipped=why)
    verdict = Verdict([])
    for name in sorted(committed.keys() | counted.keys()):
        message = complaint(committed.get(name), counted.get(name))
        verdict.passed += message == ""
        verdict.failed += message != ""
        change = counted.get(name, 0) / committed.get(name, 1) - 1
        line = f"{name:12}{counted.get(name, 0):8.0f} instructions per request, {change:+.1%}"
        if not message and change < -BETTER_MIN:
            line += ": write the gain down with `loadtest/profile --update`"
        verdict.lines.append(f"FAILED {line}: {message}" if message else line)
    if verdict.failed:
        verdict.lines.append(
            "`loadtest/profile` shows where they go. If they are worth it: `loadtest/profile --update`, and the commit says why."
        )
    verdict.lines.append(f"{verdict.passed} passed, {verdict.failed} failed")
    return verdict


def complaint(committed, counted):
    """Why the figure of now cannot stand, "" when it can."""
    if counted is None:
        return "has a figure and was not counted"
    if committed is None:
        return "has no figure: `loadtest/profile --update`"
    if counted > committed * (1 + WORSE_MAX):
        return f"above the committed {committed:.0f} by more than {WORSE_MAX:.0%}"
    return ""
