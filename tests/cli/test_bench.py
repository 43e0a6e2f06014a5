"""bench: what it says, never how fast."""
import os
import unittest

from program import DIGITS, CliTest
from test_documents import HEAD, IDENTITY, NODE, mismatch

MODEL, INPUT = (os.path.join(DIGITS, name) for name in ("model.wpkg", "input.npy"))
SHARE = (float, type(None))
BENCH = {**HEAD, "package": IDENTITY, "arithmetic": str, "isa": str, "threads": int, "frames": int, "runs": int,
         "seconds": float, "frames_per_second": float, "macs_per_second": float, "peak_macs_per_second": SHARE,
         "share_of_peak": SHARE,
         "nodes": [{**NODE, "seconds": float, "share_of_time": float, "macs_per_second": float,
                    "share_of_peak": SHARE}]}


class Bench(CliTest):
    def test_document_follows_its_schema(self):
        document = self.document("bench", MODEL, INPUT, "--json", "--seconds", 0)
        self.assertIsNone(mismatch(document, BENCH))
        self.assertEqual(document["frames"], 360)
        self.assertGreaterEqual(document["runs"], 3)
        self.assertGreater(document["seconds"], 0)
        self.assertAlmostEqual(sum(node["share_of_time"] for node in document["nodes"]), 1)
        macs = sum(node["macs"] for node in document["nodes"]) * 360
        self.assertAlmostEqual(document["macs_per_second"] * document["seconds"] / macs, 1)

    def test_random_frames_and_forced_instruction_set(self):
        document = self.document("bench", MODEL, "--json", "--seconds", 0, "--random-frames", 7, "--isa", "ref",
                                 "--threads", 2)
        self.assertIsNone(mismatch(document, BENCH))
        self.assertEqual((document["frames"], document["isa"], document["threads"]), (7, "ref", 2))
        self.assertIsNone(document["peak_macs_per_second"])
        self.assertIsNone(document["share_of_peak"])
        document = self.document("bench", MODEL, "--json", "--seconds", 0, env={"WITIN_ISA": "sse2"})
        if os.uname().machine == "x86_64":
            self.assertEqual(document["isa"], "sse2")
            self.assertGreater(document["peak_macs_per_second"], 0)

    def test_text_has_a_line_for_each_node(self):
        text = self.done("bench", MODEL, INPUT, "--seconds", 0, "--frames", "0:10")
        for word in ("10 frames in", "frames/s", "GMAC/s", "conv_1", "relu_1", "fc_1"):
            self.assertIn(word, text)

    def test_writes_nothing_and_refuses_what_run_refuses(self):
        before = self.listing()
        self.done("bench", MODEL, "--seconds", 0, "--random-frames", 1)
        self.assertEqual(self.listing(), before)
        self.refused("usage.frames", "bench", MODEL, INPUT, "--frames", "0:361")
        self.refused("file.open", "bench", self.path("none.wpkg"))
        self.refused("isa.not_built" if os.uname().machine == "x86_64" else "isa.unknown", "bench", MODEL,
                     "--isa", "neon" if os.uname().machine == "x86_64" else "none")


if __name__ == "__main__":
    unittest.main()
