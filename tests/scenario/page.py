"""What a page says: its claim, its configuration and its parts, each a list of steps. Nothing is run here."""
import ast
import dataclasses
import pathlib


class Mistake(Exception):
    """The page itself is wrong."""


@dataclasses.dataclass
class Step:
    line: int
    word: str
    rest: str

    def text(self):
        """The argument as bytes; "…" in quotes with Python's escapes, or the bare rest of the line."""
        if self.rest[:1] in "\"'" and self.rest:
            return ast.literal_eval(self.rest).encode("latin-1")
        return self.rest.encode("latin-1")

    def number(self):
        return float(self.rest)


@dataclasses.dataclass
class Part:
    """One block of the page: "backend NAME", "client NAME" or "file NAME"."""
    kind: str
    name: str
    steps: list


@dataclasses.dataclass
class Page:
    path: pathlib.Path
    claim: str
    config: str
    files: dict  # Beside the configuration, by name.
    parts: list

    def backends(self):
        return list(dict.fromkeys(part.name for part in self.parts if part.kind == "backend"))


def read(path):
    page = Page(path, "", "", {}, [])
    config = []
    part = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if number == 1:
            if not line.startswith("# "):
                raise Mistake("line 1 must be the claim: # A sentence.")
            page.claim = line[2:]
        elif not line.strip() or line.lstrip().startswith("#"):
            continue
        elif not line.startswith(" "):
            part = begin(page, line.split(), number)
        elif part == "config" and line.split()[0] == "file" and '"' in line and "=" not in line.partition('"')[0]:
            _, name, text = line.split(maxsplit=2)
            page.files[name] = Step(number, "file", text).text()
        elif part == "config":
            config.append(line.strip())
        elif part is None:
            raise Mistake(f"line {number}: a step outside of config, backend or client")
        else:
            word, _, rest = line.strip().partition(" ")
            part.steps.append(Step(number, word, rest.strip()))
    page.config = "\n".join(config)
    if not any(part.kind == "client" for part in page.parts):
        raise Mistake("no client")
    return page


def begin(page, words, number):
    if words == ["config"]:
        return "config"
    defaults = {"backend": "b", "client": "c", "file": "access"}
    if words[0] not in defaults or len(words) > 2:
        raise Mistake(f"line {number}: expected config, backend NAME, client NAME or file NAME")
    part = Part(words[0], words[1] if len(words) == 2 else defaults[words[0]], [])
    page.parts.append(part)
    return part
