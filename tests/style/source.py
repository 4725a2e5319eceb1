"""A C++ file as the rules see it: its lines, its includes, its text without comments and literals, its functions.

The reader is not a compiler. It relies on clang-format having laid the file out (the layout rule makes sure of it)
and on the house style: no macros that hide braces, no function-like macros around definitions.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property

NOT_A_FUNCTION = re.compile(r"^(?:inline\s+|export\s+)*(?:namespace|class|struct|union|enum|extern\s*\"\")\b")
CONTROL = re.compile(r"(?:\b(?:if|if constexpr|for|while|switch|catch)\s*@|\b(?:else|do|try))$")
LAMBDA = re.compile(r"\]@?\s*(?:mutable|noexcept|\s|->\s*[\w:<>*&, ]+)*$")
TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'',
    re.DOTALL,
)


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass
class Function:
    name: str
    line: int
    length: int
    nesting: int


@dataclass
class Source:
    path: str
    text: str
    exceptions: list = field(default_factory=list)

    @property
    def room(self):
        return self.path.split("/")[0]

    @property
    def is_header(self):
        return self.path.endswith(".h")

    @cached_property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def code(self):
        """The text with comments and literals blanked out; every line keeps its number, every column its place."""
        return TOKENS.sub(blank, self.text)

    @cached_property
    def includes(self):
        """[(line, kind, name)]: kind is '"' or '<'."""
        found = re.finditer(r'^#\s*include\s+(["<])([^">]+)[">]', self.text, re.MULTILINE)
        return [(self.line_of(m.start()), m[1], m[2]) for m in found]

    @cached_property
    def functions(self):
        return list(find_functions(self))

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def matches(self, pattern):
        """[(line, match)] of a pattern in the code, that is outside comments and literals."""
        return [(self.line_of(m.start()), m) for m in re.finditer(pattern, self.code)]


def blank(match):
    literal = match[0]
    if literal.startswith(("//", "/*")):
        return re.sub(r"[^\n]", " ", literal)
    return literal[0] + re.sub(r"[^\n]", " ", literal[1:-1]) + literal[-1]


def find_functions(source):
    """Yields every function body that stands in a namespace or a class."""
    code = re.sub(r"^#.*(?:\\\n.*)*", lambda m: re.sub(r"[^\n]", " ", m[0]), source.code, flags=re.MULTILINE)
    position = header_start = 0
    while (match := re.compile(r"[{};]").search(code, position)) is not None:
        position = match.end()
        header = code[header_start : match.start()].strip()
        if match[0] == "{" and is_initializer(header):
            position = end_of_block(code, match.start())
            continue  # The header goes on: `: size_{1}, name_{n} {` or `int x{3};`
        if match[0] == "{" and is_function(header):
            end = end_of_block(code, match.start())
            yield describe(source, code, header_start, match.start(), end)
            position = end
        header_start = position


def is_function(header):
    header = re.sub(r"\b(?:public|private|protected)\s*:", "", header).strip()
    header = re.sub(r"\[\[.*?\]\]\s*|^template\s*<.*?>\s*(?=\w)", "", header, flags=re.DOTALL)
    return "(" in header and not NOT_A_FUNCTION.match(header)


def is_initializer(header):
    """True when the brace after this header opens a value: `= {`, `x{`, or a member in a constructor's list."""
    if header.endswith("="):
        return True
    if "(" not in header:
        return not NOT_A_FUNCTION.match(strip_prefixes(header)) and header != ""
    in_list = re.search(r"\)\s*(?:noexcept\s*)?:\s*(?!:)", header)
    return bool(in_list and re.search(r"[\w>]$", header) and not re.search(r"\b(?:const|noexcept|override)$", header))


def strip_prefixes(header):
    header = re.sub(r"\b(?:public|private|protected)\s*:", "", header)
    header = re.sub(r"template\s*<.*?>\s*(?=class|struct|union)", "", header, flags=re.DOTALL)
    header = re.sub(r"^(?:\s*(?:typedef|static|inline|constexpr|const)\b)*", "", header)
    return header.strip()


def end_of_block(code, opening):
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.end()
    return len(code)


def describe(source, code, header_start, body_start, end):
    header = code[header_start:body_start]
    begin = header_start + len(header) - len(header.lstrip())
    name = re.search(r"([\w:~]+|operator\s*\S+?)\s*\(", header)
    first, last = source.line_of(begin), source.line_of(end - 1)
    return Function(name[1] if name else "?", first, last - first + 1, deepest(code[body_start + 1 : end - 1]))


def deepest(body):
    """How many control blocks and lambdas stand inside one another. Values in braces and `case` blocks do not count."""
    depth = most = 0
    stack = []
    for match in re.finditer(r"[{}]", body):
        if match[0] == "{":
            counts = opens_block(body, match.start())
            stack.append(counts)
            depth += counts
            most = max(most, depth)
        elif stack:
            depth -= stack.pop()
    return most


def opens_block(body, opening):
    """True when this brace opens a control block or a lambda, judged by the text before it."""
    before = collapse_parentheses(body[max(0, opening - 1000) : opening].rstrip())
    return bool(CONTROL.search(before) or LAMBDA.search(before))


def collapse_parentheses(text):
    """The text with every parenthesis shrunk to one sign: `if (a(b))` becomes `if @`."""
    while (shorter := re.sub(r"\([^()]*\)", "@", text)) != text:
        text = shorter
    return text
