"""Reads tests/http/refused_*.rules, as tests/support/refusal_table.h does; the notation is explained there."""

import ast
import dataclasses
import re
from pathlib import Path

RULES = Path(__file__).resolve().parents[1] / "http"
TOKEN = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")(?:\*(?P<times>\d+))?|(?P<word>[^\s"]+)')


@dataclasses.dataclass
class Rule:
    name: str
    reason: str
    answer: str
    limits: dict
    hostile: list
    legal: list


def message(tokens, shapes):
    """Parts joined: [(shape, [text, …]), …] as bytes."""
    parts = [(("", b"", b""), [])]
    for token in tokens:
        if token["word"] == "+":
            parts.append((("", b"", b""), []))
        elif token["word"]:
            parts[-1] = (shapes[token["word"]], parts[-1][1])
        else:
            parts[-1][1].append(ast.literal_eval("b" + token["text"]) * int(token["times"] or 1))
    return b"".join(before + b"".join(texts) + behind for (_, before, behind), texts in parts)


def rules_in(name):
    rules, shapes = [], {}
    for line in (RULES / name).read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        first, *tokens = TOKEN.finditer(line)
        if first["word"] == "shape":
            texts = [ast.literal_eval("b" + token["text"]) for token in tokens if token["text"]]
            shapes[tokens[0]["word"]] = (tokens[0]["word"], *texts)
        elif first["word"] == "rule":
            name, reason, answer, *limits = (token["word"] for token in tokens)
            rules.append(Rule(name, reason, answer, dict(limit.split("=") for limit in limits), [], []))
        else:
            getattr(rules[-1], first["word"]).append(message(tokens, shapes))
    return rules
