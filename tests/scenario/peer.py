"""One end of a connection, playing the steps of a page: a client's or a backend's."""
import re
import socket
import struct
import time

PATIENCE = 20.0  # A machine that is starved may need it; one that is not never does.


class Surprise(Exception):
    """What came was not what the page says."""


class Peer:
    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.bytes = b""  # Arrived, not yet looked at.
        self.head = b""

    def take(self, step):
        try:
            getattr(self, "on_" + step.word.replace("-", "_"))(step)
        except AttributeError as error:
            raise Surprise(f"line {step.line}: no such step: {step.word} ({error})") from None
        except TimeoutError:
            raise Surprise(f"line {step.line}: nothing came for {step.word} {step.rest}; had {self.bytes[:200]!r}") from None
        except (ConnectionError, BrokenPipeError) as error:
            raise Surprise(f"line {step.line}: {step.word}: {error}") from None
        except Surprise as surprise:
            raise Surprise(f"line {step.line}: {surprise}") from None

    # --- Out ---------------------------------------------------------------------------------------

    def on_send(self, step):
        self.socket.sendall(step.text())

    def on_send_slowly(self, step):
        for byte in step.text():
            self.socket.sendall(bytes([byte]))
            time.sleep(0.002)

    def on_send_many(self, step):
        """send-many COUNT "text": so many times, all at once."""
        count, _, text = step.rest.partition(" ")
        step.rest = text.strip()
        self.socket.sendall(step.text() * int(count))

    def on_pause(self, step):
        time.sleep(step.number())

    def on_end(self, _):
        self.socket.shutdown(socket.SHUT_WR)

    def on_close(self, _):
        self.close()

    def on_reset(self, _):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.socket.close()

    # --- In ----------------------------------------------------------------------------------------

    def more(self):
        part = self.socket.recv(65536)
        if not part:
            raise Surprise(f"the connection ended; had {self.bytes[:300]!r}")
        self.bytes += part

    def on_head(self, step):
        """head START: reads a head whose first line is, or begins with, this."""
        while b"\r\n\r\n" not in self.bytes:
            self.more()
        self.head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        first = self.head.split(b"\r\n")[0]
        if not first.startswith(step.text()):
            raise Surprise(f"expected a head {step.rest}, got {self.head[:300]!r}")

    def on_field(self, step):
        """field Name: value — it is there, once, with this value."""
        name, _, value = step.text().partition(b":")
        values = self.values(name)
        if values != [value.strip()]:
            raise Surprise(f"expected {step.rest}, got {values}")

    def on_field_like(self, step):
        name, _, pattern = step.text().partition(b":")
        values = self.values(name)
        if len(values) != 1 or not re.fullmatch(pattern.strip(), values[0]):
            raise Surprise(f"expected {step.rest}, got {values}")

    def on_no_field(self, step):
        if values := self.values(step.text()):
            raise Surprise(f"expected no {step.rest}, got {values}")

    def on_line(self, step):
        """line TEXT: the head has exactly this line, spelling and all."""
        if step.text() not in self.head.split(b"\r\n"):
            raise Surprise(f"expected the line {step.rest}, got {self.head!r}")

    def values(self, name):
        lines = [line.partition(b":") for line in self.head.split(b"\r\n")[1:]]
        return [value.strip() for field, _, value in lines if field.lower() == name.strip().lower()]

    def on_body(self, step):
        """body "text": the next bytes are these."""
        wanted = step.text()
        while len(self.bytes) < len(wanted):
            self.more()
        got, self.bytes = self.bytes[:len(wanted)], self.bytes[len(wanted):]
        if got != wanted:
            raise Surprise(f"expected {wanted[:200]!r}, got {got[:200]!r}")

    def on_body_of(self, step):
        """body-of COUNT: so many bytes, whatever they are."""
        count = int(step.rest)
        while len(self.bytes) < count:
            self.more()
        self.bytes = self.bytes[count:]

    def on_answer_body(self, step):
        """answer-body "text": the body that Content-Length announced is this."""
        lengths = self.values(b"Content-Length")
        if len(lengths) != 1:
            raise Surprise(f"expected one Content-Length, got {lengths}")
        count = int(lengths[0])
        while len(self.bytes) < count:
            self.more()
        got, self.bytes = self.bytes[:count], self.bytes[count:]
        if step.text() not in got:
            raise Surprise(f"expected {step.rest} in the body, got {got[:200]!r}")

    def on_nothing(self, step):
        """nothing SECONDS: no byte comes for so long, and no end."""
        if self.bytes:
            raise Surprise(f"expected nothing, got {self.bytes[:200]!r}")
        self.socket.settimeout(step.number())
        try:
            part = self.socket.recv(65536)
        except TimeoutError:
            return
        finally:
            self.socket.settimeout(PATIENCE)
        raise Surprise(f"expected nothing, got {part[:200]!r}" if part else "the connection ended")

    def on_at_end(self, _):
        """at-end: no further byte; the connection ends in order."""
        part = self.bytes or self.socket.recv(65536)
        if part:
            raise Surprise(f"expected the end, got {part[:200]!r}")

    def on_at_reset(self, _):
        """at-reset: the connection is reset, whatever still came."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            return
        raise Surprise("the connection ended in order")

    def on_at_break(self, _):
        """at-break: the connection ends, in order or by a reset, whatever still came."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            pass
