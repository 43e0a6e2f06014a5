#!/usr/bin/env python3
"""The run that README.md shows, made by the program itself.

    readme_run.py --witin-sim PROGRAM [--update]

Without --update: status 1 when README.md shows something else than the program prints today.
"""
import argparse
import os
import subprocess
import sys

import readme_block

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BEGIN, END = "<!-- run: scripts/readme_run.py --update -->", "<!-- end of run -->"
CASE = "golden/digits_cnn"
COMMAND = [f"{CASE}/model.wpkg", f"{CASE}/input.npy", "--labels", f"{CASE}/labels.npy"]


def main():
    parser = argparse.ArgumentParser(description="Show a run in README.md.")
    parser.add_argument("--witin-sim", required=True, metavar="PROGRAM")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    printed = subprocess.run([os.path.abspath(options.witin_sim), *COMMAND], cwd=ROOT, check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    text = f"```\n$ witin-sim {' '.join(COMMAND)}\n{printed.rstrip()}\n```"
    if readme_block.replace(os.path.join(ROOT, "README.md"), BEGIN, END, text, options.update):
        return 0
    print("README.md shows another run; run scripts/readme_run.py --update", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
