"""A file that ringway wrote, looked at line by line as a page says."""
import json
import re

from peer import Surprise


class Written:
    def __init__(self, path):
        self.lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
        self.line = ""

    def take(self, step):
        try:
            getattr(self, "on_" + step.word.replace("-", "_"))(step.text().decode("latin-1"))
        except AttributeError as error:
            raise Surprise(f"line {step.line}: no such step: {step.word} ({error})") from None
        except Surprise as surprise:
            raise Surprise(f"line {step.line}: {surprise}") from None

    def on_record(self, _):
        """record: goes on to the next line."""
        if not self.lines:
            raise Surprise("there is no further line")
        self.line = self.lines.pop(0)

    def on_like(self, pattern):
        """like REGEX: all of the line."""
        if not re.fullmatch(pattern, self.line):
            raise Surprise(f"expected {pattern}, got {self.line}")

    def on_members(self, names):
        """members a b c: the line is an object with these members, in this order."""
        if (got := list(self.object())) != names.split():
            raise Surprise(f"expected the members {names}, got {' '.join(got)}")

    def on_member(self, text):
        """member name: REGEX — of its value as text."""
        name, _, pattern = text.partition(":")
        value = self.object().get(name)
        value = value if isinstance(value, str) else json.dumps(value)
        if not re.fullmatch(pattern.strip(), value):
            raise Surprise(f"expected {text}, got {value}")

    def on_no_more(self, _):
        if self.lines:
            raise Surprise(f"expected no further line, got {self.lines[0]}")

    def object(self):
        try:
            return json.loads(self.line)
        except ValueError as error:
            raise Surprise(f"expected an object, got {self.line} ({error})") from None
