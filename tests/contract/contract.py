#!/usr/bin/env python3
"""Holds what ringway promises by name against what its tests name: contract.py BUILD_DIRECTORY

Users rely on verbs, TOML keys, metrics and the words for reasons; whoever renames one should meet a red test. The
names are read from the program (`ringway --help`, `ringway check --keys`, contract_promises), never from a list
kept here. That a test names a promise does not prove that it tests it; that no test names it proves that none does.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_EVIDENCE = ("tests/contract/", "tests/style/", "tests/support/packages.sh")
SUFFIXES = {".cc", ".h", ".py", ".sh", ".toml", ".rules"}


@dataclass(frozen=True)
class Promise:
    kind: str
    name: str

    def named_in(self, text):
        return NAMED[self.kind](self.name, text)


def named_as_word(name, text):
    """In quotes, as the enumerator of that name, or as the reason of a rule (tests/support/refusal_table.h)."""
    word = re.escape(name)
    return re.search(rf'"{word}"|\b(?:Errc|Side|Refusal)::{word}\b|^rule \w+ {word} ', text, re.MULTILINE)


def named_as_verb(name, text):
    return re.search(rf'"{re.escape(name)}[" ]|\bringway {re.escape(name)}\b', text)


def named_as_key(name, text):
    """The whole path, or a value given to its last part in a text that also has the table it stands in."""
    path = name.replace("[]", "").split(".")
    if re.search(rf"\b{re.escape('.'.join(path))}\b", text):
        return True
    tables = all(re.search(rf"\b{re.escape(table)}\b", text) for table in path[:-1])
    return tables and re.search(rf"\b{re.escape(path[-1])}\s*=", text)


def named_as_rule(name, text):
    """Only as the enumerator: the words of these rules are common ones."""
    return re.search(rf"\bNotRetried::{re.escape(name)}\b", text)


NAMED = {
    "verb": named_as_verb,
    "key": named_as_key,
    "reason": named_as_word,
    "not_retried": named_as_rule,
    "side": named_as_word,
    "metric": named_as_word,
}


def verbs(help_text):
    listed = help_text.partition("Subcommands:")[2].partition("\n\n")[0]
    return [Promise("verb", name) for name in re.findall(r"^  ([a-z][\w-]*)", listed, re.MULTILINE)]


def keys(table):
    """From `ringway check --keys`: the path is the first of the tab-separated columns."""
    return [Promise("key", line.split("\t")[0]) for line in table.splitlines() if line]


def others(lines):
    return [Promise(*line.split("\t")) for line in lines.splitlines()]


def promises(build):
    def ask(*command):
        return subprocess.run([build / command[0], *command[1:]], check=True, capture_output=True, text=True).stdout

    return verbs(ask("ringway", "--help")) + keys(ask("ringway", "check", "--keys")) + others(ask("contract_promises"))


def evidence(root):
    """The text of every test, without comments: a name in a comment tests nothing."""
    texts = []
    for path in sorted((root / "tests").rglob("*")):
        if path.suffix in SUFFIXES and not str(path.relative_to(root)).startswith(NOT_EVIDENCE):
            texts.append(re.sub(r"^\s*(?://|#(?!include)).*$", "", path.read_text(), flags=re.MULTILINE))
    return texts


def untested(promised, texts):
    return [promise for promise in promised if not any(promise.named_in(text) for text in texts)]


def main(build):
    promised = promises(ROOT / build)
    kinds = {promise.kind for promise in promised}
    missing = untested(promised, evidence(ROOT))
    for promise in missing:
        print(f"{promise.kind} '{promise.name}' is promised and no test names it")
    silent = {"verb", "key", "reason", "not_retried"} - kinds
    for kind in silent:
        print(f"the program named no {kind}; has its output changed?")
    print(f"contract: {len(promised)} names promised, {len(missing)} untested")
    if tally := os.environ.get("STAGE_TALLY"):
        counts = f"passed {len(promised) - len(missing)}\nfailed {len(missing) + len(silent)}\n"
        Path(tally).open("a").write(counts)
    return 1 if missing or silent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
