"""No file compiled for one instruction set offers the linker anything but its table of kernels.

A weak copy of an inline function (std::min, a template) with the instructions of one processor could be the one that
the linker keeps for all of the program. At -O0 nothing is inlined, so every file is compiled that way as well.

usage: symbols.py BUILD_DIR    a build with compile_commands.json
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

TABLE = re.compile(r"witin::kernels::k\w+Kernels")
# What a compiler refers to by itself.
LIBRARY = {"memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_", "_Unwind_Resume", "__gxx_personality_v0"}
POINTERS = {"DW.ref.__gxx_personality_v0"}  # weak, but data


def wrong_symbols(path):
    listing = subprocess.run(["nm", "-C", path], check=True, capture_output=True, text=True).stdout
    symbols = [line[17:].split(" ", 1) for line in listing.splitlines()]
    defined = [name for kind, name in symbols if kind not in "Uw" and (kind.isupper() or kind in "vu")]
    offered = [name for name in defined if name not in POINTERS]
    wanted = [name for kind, name in symbols if kind in "Uw"]
    if len(offered) != 1 or not TABLE.fullmatch(offered[0]):
        yield f"offers {offered}, not one table of kernels"
    yield from (f"calls {name}" for name in wanted if name not in LIBRARY)


def main(build):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as stream:
        commands = [entry for entry in json.load(stream) if re.search(r"/kernels/path_\w+\.cpp$", entry["file"])]
    checked, failures = [], []
    with tempfile.TemporaryDirectory() as folder:
        for entry in commands:
            words = shlex.split(entry["command"])
            place = words.index("-o") + 1
            built = os.path.join(entry["directory"], words[place])
            words[place] = os.path.join(folder, "unoptimised.o")
            subprocess.run([*words, "-O0"], cwd=entry["directory"], check=True)
            for name, path in (("as built", built), ("-O0", words[place])):
                checked.append(f"{os.path.basename(entry['file'])} {name}")
                failures += [f"{checked[-1]}: {problem}" for problem in wrong_symbols(path)]
    print("checked:", ", ".join(checked))
    print("\n".join(failures) or "no symbol but the tables")
    return 1 if failures or not checked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
