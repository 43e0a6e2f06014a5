#!/usr/bin/env python3
"""Runs clang-tidy over sim/ and cli/; prints what it finds; status 1 when it finds something.

usage: scripts/tidy.py [BUILD]     BUILD: a tree that clang built, build/asan by default

Where the tree compiles several files together (WITIN_UNITY), they are looked at together, in a third of the time.

A file that was clean is not looked at again until it, a header of the project it includes, its command line or
.clang-tidy changes: BUILD/tidy holds one empty file for each clean state.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def project_headers(build):
    """Object file -> headers of the project it depends on, from ninja's log of the last build."""
    listing = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True)
    headers, current = {}, None
    for line in listing.stdout.splitlines():
        if line and not line.startswith(" "):
            current = headers.setdefault(line.split(":")[0], [])
        elif line.strip().startswith(str(ROOT)):
            current.append(line.strip())
    return headers


def output_of(entry):
    return re.search(r" -o (\S+)", entry["command"])[1]


def state(entry, headers, common):
    digest = hashlib.sha256(common + entry["command"].encode())
    for path in [entry["file"], *sorted(headers)]:
        digest.update(pathlib.Path(path).read_bytes())
    return digest.hexdigest()


def check(build, path):
    run = subprocess.run(["clang-tidy", "--quiet", "-p", str(build), path], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return run.returncode, run.stdout


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "asan").resolve()
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    common = version + (ROOT / ".clang-tidy").read_bytes()
    headers = project_headers(build)
    wanted = re.compile(r"(sim|cli)/CMakeFiles/")
    todo = {}
    entries = [e for e in json.loads((build / "compile_commands.json").read_text()) if wanted.match(output_of(e))]
    if not entries:
        sys.exit(f"tidy.py: {build} compiles nothing of sim/ and cli/")
    for entry in entries:
        stamp = stamps / state(entry, headers.get(output_of(entry), []), common)
        if not stamp.exists():
            todo[entry["file"]] = stamp
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (status, text) in zip(todo, pool.map(lambda path: check(build, path), todo)):
            if status == 0 and not text.strip():
                todo[path].touch()
            else:
                bad += 1
                print(text or f"{path}: clang-tidy failed with status {status}", flush=True)
    print(f"clang-tidy: {len(entries)} files, {len(todo)} looked at, {bad} with findings")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
