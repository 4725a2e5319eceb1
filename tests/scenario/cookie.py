"""The sticky cookie as http/sticky_cookie.h describes it, written a second time: what it says must be what ringway reads."""

import time

MASK = (1 << 64) - 1


def rotate(word, count):
    return (word << count | word >> (64 - count)) & MASK


def mix(v, rounds):
    for _ in range(rounds):
        v[0] = (v[0] + v[1]) & MASK
        v[1] = rotate(v[1], 13) ^ v[0]
        v[0] = rotate(v[0], 32)
        v[2] = (v[2] + v[3]) & MASK
        v[3] = rotate(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & MASK
        v[3] = rotate(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & MASK
        v[1] = rotate(v[1], 17) ^ v[2]
        v[2] = rotate(v[2], 32)


def siphash(key, data):
    """SipHash-2-4; the key as its two words, low and high."""
    low, high = key
    v = [low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D, low ^ 0x6C7967656E657261, high ^ 0x7465646279746573]
    whole = len(data) // 8 * 8
    last = data[whole:].ljust(7, b"\0") + bytes([len(data) & 0xFF])
    for begin in range(0, whole + 8, 8):
        word = int.from_bytes((data[:whole] + last)[begin : begin + 8], "little")
        v[3] ^= word
        mix(v, 2)
        v[0] ^= word
    v[2] ^= 0xFF
    mix(v, 4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


class Key:
    def __init__(self, number, digits):
        self.number, self.digits = number, digits
        self.words = (int(digits[16:], 16), int(digits[:16], 16))

    def line(self):
        """Of a key file."""
        return f"{self.number} {self.digits}\n"

    def cookie(self, backend, seconds):
        """Names a backend by its address, for so long from now."""
        token = siphash(self.words, b"backend " + backend.encode())
        text = f"{self.number:02x}{int(time.time()) + seconds:010x}{token:016x}"
        return f"{text}{siphash(self.words, text.encode()):016x}"
