#!/usr/bin/env python3
"""Holds gcovr's counts against the list of lines that no test runs.

    coverage.py COUNTS.json LIST

LIST has a line "FILE: SOURCE LINE  # REASON" for each; the source line without its indentation, and each stands for
one line. A line that begins with "?" may run: it depends on the compiler, or on tests that need rights. Exit status 1:
a line that does not run is not listed, or a listed one runs or is gone. 2: nothing was counted.
"""
import json
import sys


def named(path):
    with open(path, encoding="utf-8") as stream:
        lines = [line.rstrip("\n") for line in stream if line.strip() and not line.startswith("#")]
    found, free = set(), set()
    for line in lines:
        place, reason = line.rsplit("  # ", 1)
        if not reason.strip():
            sys.exit(f"coverage: no reason: {line}")
        (free if place.startswith("?") else found).add(tuple(place.lstrip("?").split(": ", 1)))
    return found, free


def main():
    with open(sys.argv[1], encoding="utf-8") as stream:
        files = json.load(stream)["files"]
    (reasons, free), used, wrong, total, run = named(sys.argv[2]), set(), 0, 0, 0
    for file in files:
        with open(file["file"], encoding="utf-8") as stream:
            source = stream.read().split("\n")
        counts = {}
        for line in file["lines"]:
            if not line["gcovr/noncode"]:
                counts[line["line_number"]] = counts.get(line["line_number"], 0) + line["count"]
        for number, count in sorted(counts.items()):
            total, run = total + 1, run + (count > 0)
            key = (file["file"], source[number - 1].strip())
            if count == 0 and key in reasons | free and key not in used:
                used.add(key)
            elif count == 0:
                wrong += 1
                if wrong <= 50:
                    print(f"{key[0]}:{number}: no test runs this line, and it is not named: {key[1]}")
    if total == 0:
        print("coverage: nothing was counted", file=sys.stderr)
        return 2
    for key in sorted(reasons - used):
        wrong += 1
        print(f"{key[0]}: named, but it runs or is gone: {key[1]}")
    print(f"coverage: {run} of {total} lines run, {len(used)} named, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
