#!/usr/bin/env python3
"""Runs clang-tidy over sim/ and cli/; prints what it finds; status 1 when it finds something.

usage: scripts/tidy.py [BUILD]     BUILD: a tree that clang built, build/asan by default

Most of the time goes into the headers of libraries, so the files of a folder that have the same flags are looked at as
one, which includes them all: BUILD/tidy/FOLDER.cpp. A folder that was clean is not looked at again until one of its
files, a header of the project it includes, its flags or .clang-tidy changes: BUILD/tidy holds one empty file for each
clean state.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
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


def sources_of(entry):
    """The file of an entry, or the files that are compiled together in it."""
    path = pathlib.Path(entry["file"])
    if "/Unity/" not in entry["file"]:
        return [path]
    return [pathlib.Path(name) for name in re.findall(r'#include "([^"]+)"', path.read_text())]


def flags_of(entry):
    """What the compiler is told, without the names of files and without sanitizers, which add nothing here."""
    words = shlex.split(entry["command"])[1:]
    kept, skip = [], False
    for word in words:
        if skip or word in ("-o", "-MT", "-MF"):
            skip = not skip
        elif word not in ("-MD", "-c", entry["file"]) and not word.startswith(("-fsanitize", "-fno-sanitize")):
            kept.append(word)
    return kept


def groups_of(build):
    """(folder, flags) -> (files, headers)"""
    headers = project_headers(build)
    groups = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if not re.match(r"(sim|cli)/CMakeFiles/", output_of(entry)):
            continue
        flags = [flag for flag in flags_of(entry) if flag not in ("--coverage", "-O0", "-fprofile-update=atomic")]
        for source in sources_of(entry):
            files, included = groups.setdefault((source.parent, *flags), ([], set()))
            files.append(source)
            included.update(headers.get(output_of(entry), []))
    return groups


def check(unit, flags):
    command = ["clang-tidy", "--quiet", f"--config-file={ROOT / '.clang-tidy'}", str(unit), "--", *flags]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         check=False)
    return run.returncode, run.stdout or (run.stderr if run.returncode else "")


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "asan").resolve()
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    groups = groups_of(build)
    if not groups:
        sys.exit(f"tidy.py: {build} compiles nothing of sim/ and cli/")
    todo = []
    for (folder, *flags), (files, headers) in groups.items():
        digest = hashlib.sha256(version + (ROOT / ".clang-tidy").read_bytes() + "\0".join(flags).encode())
        for path in sorted({*map(str, files), *headers}):
            digest.update(pathlib.Path(path).read_bytes())
        stamp = stamps / digest.hexdigest()
        if not stamp.exists():
            name = "_".join(folder.relative_to(ROOT).parts)
            unit = stamps / f"{name}{sum(u.name.startswith(name) for u, _, _ in todo) or ''}.cpp"
            unit.write_text("".join(f'#include "{path}"\n' for path in sorted(files)))
            todo.append((unit, flags, stamp))
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (unit, _, stamp), (status, text) in zip(todo, pool.map(lambda job: check(*job[:2]), todo)):
            if status == 0 and not text.strip():
                stamp.touch()
            else:
                bad += 1
                print(text or f"{unit}: clang-tidy failed with status {status}", flush=True)
    print(f"clang-tidy: {len(groups)} groups of files, {len(todo)} looked at, {bad} with findings")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
