"""Packages that must be refused (scripts/make_hostile.py): the exact error in one line, status 2, nothing written, and
little memory and time. Those that are too large to keep are made here."""
import json
import os
import re
import subprocess
import sys
import unittest

from program import PROGRAM, ROOT, SANITIZED, CliTest

FOLDER = os.path.join(ROOT, "tests", "hostile")
SCRIPT = os.path.join(ROOT, "scripts", "make_hostile.py")
MEASURED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "measured.py")
RESIDENT_KIB = 64 << 10
SECONDS = 0.1  # of processor
# What a reader must refuse, line by line (sim/package/format.md), and what is known to fool readers.
REFUSALS = """
not a zip; truncated; trailing data; encrypted member; compressed member; duplicate member; unlisted member; missing
member; oddly named member; CRC mismatch; sha256 mismatch; manifest over 16 MiB; deeper than 32; duplicate keys; wrong
types; unknown keys; unsupported version; npy header over 64 KiB; dtype not allowed; order not allowed; product of the
shape overflowing; length differs from the shape; dangling name; duplicate name; later-defined name; wrong ranks; wrong
shapes; g <= 0; stride 0; groups that do not divide; kernel larger than the padded input; table of the wrong length;
weight outside its range; bias that the profile cannot represent; K so large that the accumulator can pass 2^31; two
zips in one; duplicate member, case ignored; lying sizes; overlapping members; a bomb: 500 members that share 64 KiB;
numbers out of range; NaN; path tricks; a cycle; a graph with 100,000 nodes
"""
HEADER = b"\x93NUMPY\x01\x00"


class Hostile(CliTest):
    def setUp(self):
        super().setUp()
        text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 4), }"
        header = HEADER + (118).to_bytes(2, "little") + text.ljust(117) + b"\n"
        with open(self.path("x.npy"), "wb") as stream:
            stream.write(header + bytes(4))

    def refuse_all(self, folder):
        with open(os.path.join(folder, "index.json"), encoding="utf-8") as stream:
            cases = json.load(stream)
        before = self.listing()
        kept = sorted(os.listdir(folder))
        most, longest = 0, 0.0
        for case in cases:
            with self.subTest(case["file"], refusal=case["refusal"]):
                arguments = [PROGRAM, "run", case["file"], self.path("x.npy"), "-o", self.path("out.npy"), "--trace",
                             self.path("t.wtrace")]
                result = self.path("measured")
                process = subprocess.run([sys.executable, "-I", "-S", MEASURED, result, *arguments], cwd=folder,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         check=True)
                with open(result, encoding="ascii") as stream:
                    status, kib, seconds = stream.read().split()
                os.remove(result)
                err = process.stderr.decode()
                self.assertEqual((int(status), process.stdout), (2, b""), err)
                self.assertEqual(err, f"witin-sim: {case['file']}: {case['error']}\n")
                if not SANITIZED:
                    self.assertLess(int(kib), RESIDENT_KIB)
                    self.assertLess(float(seconds), SECONDS)
                most, longest = max(most, int(kib)), max(longest, float(seconds))
        self.assertEqual(self.listing(), before)
        self.assertEqual(sorted(os.listdir(folder)), kept)
        print(f"{len(cases)} files: at most {most / 1024:.1f} MiB resident, {longest * 1000:.0f} ms of processor",
              file=sys.__stdout__)
        return cases

    def test_kept(self):
        cases = self.refuse_all(FOLDER)
        self.assertGreater(len(cases), 200)
        self.assertEqual(sorted(case["file"] for case in cases) + ["index.json"],
                         sorted(set(os.listdir(FOLDER)) - {"index.json"}) + ["index.json"])

    def test_large(self):
        subprocess.run([sys.executable, SCRIPT, "--large", self.path("large")], check=True)
        large = self.refuse_all(self.path("large"))
        with open(os.path.join(FOLDER, "index.json"), encoding="utf-8") as stream:
            covered = {case["refusal"] for case in json.load(stream) + large}
        self.assertEqual({" ".join(line.split()) for line in REFUSALS.split(";")} - covered, set())

    def test_generated(self):
        result = subprocess.run([sys.executable, SCRIPT, "--check"], stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_every_container_and_json_code(self):
        """Every code of format.md's tables of containers, members, JSON and manifests has a file."""
        with open(os.path.join(ROOT, "sim", "package", "format.md"), encoding="utf-8") as stream:
            documented = set(re.findall(r"`((?:zip|package|npy|json|manifest)\.[a-z0-9_]+)`", stream.read()))
        documented.discard("manifest.json")
        with open(os.path.join(FOLDER, "index.json"), encoding="utf-8") as stream:
            covered = {re.search(r"\[([a-z0-9_.]+)\]$", case["error"])[1] for case in json.load(stream)}
        self.assertEqual(documented - covered, {"json.too_large", "json.too_many_values"})  # large


if __name__ == "__main__":
    unittest.main()
