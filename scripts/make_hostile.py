#!/usr/bin/env python3
"""Writes tests/hostile: packages that a reader must refuse, and index.json with the error that each must give.

    make_hostile.py                  writes every file that is kept
    make_hostile.py --check          compares the folder with what would be written; exit status 1 when they differ
    make_hostile.py --large FOLDER   writes the files that are too large to keep, with an index of their own

The same files come out everywhere. The errors stand in hostile/errors.txt, written down, not taken from the program:
tests/cli/test_hostile.py holds the program to them.
"""
import argparse
import json
import os
import sys

from hostile import container, manifests, operators

SCRIPTS = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(SCRIPTS, "..", "tests", "hostile")
ERRORS = os.path.join(SCRIPTS, "hostile", "errors.txt")


def index(cases):
    """One case a line: file, what it does wrong, and the error behind "witin-sim: FILE: "."""
    with open(ERRORS, encoding="utf-8") as stream:
        errors = dict(line.rstrip("\n").split(": ", 1) for line in stream)
    lines = []
    for name, refusal, _, code in cases:
        if not errors.get(name, "").endswith(f"[{code}]"):
            sys.exit(f"make_hostile: errors.txt has no error [{code}] for {name}")
        lines.append(json.dumps({"file": f"{name}.wpkg", "refusal": refusal, "error": errors[name]},
                                ensure_ascii=False))
    return ("[\n  " + ",\n  ".join(lines) + "\n]\n").encode()


def kept():
    """{file name: bytes} of the folder."""
    cases = (container.cases() + manifests.json_cases() + manifests.manifest_cases() + manifests.npy_cases() +
             operators.cases())
    files = {f"{name}.wpkg": data for name, _, data, _ in cases}
    if len(files) != len(cases):
        sys.exit("make_hostile: two cases have the same name")
    files["index.json"] = index(cases)
    return files


def large():
    cases = manifests.large_cases()
    files = {f"{name}.wpkg": make() for name, _, make, _ in cases}
    files["index.json"] = index(cases)
    return files


def write(folder, files):
    os.makedirs(folder, exist_ok=True)
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as stream:
            stream.write(data)


def differences(folder, files):
    """Names of files that are missing, others, or not as `files` has them."""
    found = set(os.listdir(folder))
    wrong = sorted(found ^ set(files))
    for name in sorted(found & set(files)):
        with open(os.path.join(folder, name), "rb") as stream:
            if stream.read() != files[name]:
                wrong.append(name)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--large", metavar="FOLDER")
    options = parser.parse_args()
    if options.large:
        write(options.large, large())
    elif options.check:
        wrong = differences(FOLDER, kept())
        if wrong:
            sys.exit(f"make_hostile: not as generated: {', '.join(wrong)}")
    else:
        for name in os.listdir(FOLDER) if os.path.isdir(FOLDER) else ():
            os.remove(os.path.join(FOLDER, name))
        write(FOLDER, kept())


if __name__ == "__main__":
    main()
