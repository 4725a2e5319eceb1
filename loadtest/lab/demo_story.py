"""The end of loadtest/demo: tells what wrk saw and what the backends counted. Ends with 1 when any
request failed, when the counts contradict each other, or when a backend got nothing."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
sys.dont_write_bytecode = True

from lab import wrk  # noqa: E402

BAR_WIDTH = 40


def milliseconds(value):
    return f"{value:.1f} ms" if value >= 10 else f"{value:.2f} ms"


def story(answers, backends):
    """What is printed, line by line."""
    latency = answers["latency_ms"]
    total = sum(backend["requests"] for backend in backends)
    lines = [
        f"{answers['requests']:,} requests answered, {answers['rate']:,.0f} per second",
        f"half of them within {milliseconds(latency.get('50', 0))},"
        f" 99 of 100 within {milliseconds(latency.get('99', 0))}",
        "",
    ]
    for number, backend in enumerate(backends, 1):
        share = backend["requests"] / total if total else 0.0
        bar = "█" * round(share * BAR_WIDTH)
        lines.append(f"backend {number} {backend['requests']:>11,}  {share:6.1%}  {bar}")
    return lines


def problems(answers, backends):
    """What would make the story a lie."""
    found = [answers["errors"]] if answers["errors"] else []
    counted = sum(backend["requests"] for backend in backends)
    if counted < answers["requests"]:
        found.append(f"the backends counted {counted} requests, wrk {answers['requests']} answers")
    for number, backend in enumerate(backends, 1):
        if backend["requests"] == 0:
            found.append(f"backend {number} got no request")
    return found


def main():
    answers = wrk.parse(pathlib.Path(sys.argv[1]).read_text())
    backends = json.loads(pathlib.Path(sys.argv[2]).read_text())["backends"]
    print()
    for line in story(answers, backends):
        print("    " + line)
    print()
    found = problems(answers, backends)
    for problem in found:
        print(f"demo: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
