#!/usr/bin/env python3
"""Plays the pages in tests/scenario/pages against the real program.

A page is one story: what is configured, what the backends do, what a client does and must see. Its first line says what it
claims. README.md has the words. Each page gets a ringway of its own, on ports of its own.

    tests/scenario/pages_test.py [--build DIR] [PAGE ...]
"""
import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import page
import stage

HERE = pathlib.Path(__file__).parent


def pages(names):
    if names:
        return [pathlib.Path(name) for name in names]
    return sorted((HERE / "pages").rglob("*.page"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", default=str(HERE.parent.parent / "build"))
    arguments.add_argument("pages", nargs="*", metavar="PAGE")
    options = arguments.parse_args()

    failures = 0
    begun = time.monotonic()
    played = pages(options.pages)
    for path in played:
        try:
            stage.play(page.read(path), pathlib.Path(options.build))
        except (page.Mistake, stage.Failure) as failure:
            failures += 1
            print(f"FAILED {path.relative_to(HERE) if path.is_relative_to(HERE) else path}: {failure}")
    print(f"{len(played)} pages in {time.monotonic() - begun:.1f} s")
    print(f"{len(played) - failures} passed, {failures} failed")
    return 1 if failures or not played else 0


if __name__ == "__main__":
    sys.exit(main())
