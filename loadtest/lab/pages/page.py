"""What a part of loadtest/report.md is made of: pictures with what is beside each, and tables."""

import pathlib
from dataclasses import dataclass

CALLED = {"haproxy": "HAProxy", "relay": "bare relay", "direct": "direct, no proxy"}


def called(name):
    return CALLED.get(name, name)


@dataclass(frozen=True)
class Sheet:
    """One part: the record of its run, those of the other parts, and the folder of the pictures."""

    record: dict
    records: dict
    folder: pathlib.Path

    def path(self, name):
        return self.folder / name

    def picture(self, name, what, record=None):
        """The picture, and beneath it what was measured, how, where and of what."""
        return f"![{what}](plots/{name})\n\n*{what}.* {origin(record or self.record)}"


def origin(record):
    """The exact command, machine, kernel, commit and versions."""
    quick = " **Quick: too few and too short runs for a figure.**" if record["quick"] else ""
    return f"`{record['command']}` on {machine(record['machine'])}.{quick}"


def machine(facts):
    words = [f"{facts['cpu']}, {facts['cores']} cores", f"Linux {facts['kernel']}"]
    if "congestion" in facts:
        words.append(f"TCP {facts['congestion']}")
    words += [version(text) for name, text in facts["versions"].items() if name in ("nginx", "haproxy")]
    return ", ".join([*words, f"commit {facts['commit']}", f"{facts['date'][:16].replace('T', ' ')}, load average {facts['load']:.1f}"])


def version(text):
    """`nginx version: nginx/1.22.1` and `HAProxy version 2.6.12-1 2023/12/16 - https://haproxy.org/`, shortly."""
    return text.split(": ")[-1].split(" - ")[0].replace(" version", "")


def number(value):
    return f"{value:,.0f}" if abs(value) >= 20 else f"{value:.3f}".rstrip("0").rstrip(".")


def table(head, rows):
    """The first column is words, the others are numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def verdicts(record):
    """Bar, figure, verdict as a table."""
    lines = ["| what | bar | figure [95 %] | pairs | |", "|---|---|---|--:|---|"]
    for bar in record["bars"]:
        figure = bar["figure"]
        text, count = "not measured", 0
        if figure:
            text = f"**{number(figure['median'])}** [{number(figure['interval_low'])} {number(figure['interval_high'])}]"
            count = figure["count"]
        note = f" ({bar['note']})" if bar["note"] else ""
        verdict = "met" if bar["met"] else "**missed**"
        verdict = "not judged" if record["quick"] else verdict
        lines.append(f"| {bar['what']}{note} | ≤ {number(bar['bar'])} | {text} | {count} | {verdict} |")
    return "\n".join(lines)
