"""Noise from the command line: the same bytes for the same options, others for others, recorded in the trace."""
import os
import unittest

from program import DIGITS, CliTest

MODEL = os.path.join(DIGITS, "model.wpkg")
INPUT = os.path.join(DIGITS, "input.npy")


class Noise(CliTest):
    def trace(self, name, *options):
        self.done(MODEL, INPUT, "-o", "y.npy", "--trace", name, "--trace-level", "full", *options)
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_bytes(self):
        options = ("--noise", "normal:4", "--seed", "7")
        first = self.trace("a.wtrace", *options, "--threads", "1")
        self.assertEqual(first, self.trace("b.wtrace", *options, "--threads", "3"))
        self.assertEqual(first, self.trace("c.wtrace", *options, "--isa", "ref"))
        self.assertNotEqual(first, self.trace("d.wtrace", *options, "--trial", "1"))
        self.assertNotEqual(first, self.trace("e.wtrace", "--noise", "normal:4", "--seed", "8"))
        self.assertEqual(self.trace("f.wtrace"), self.trace("g.wtrace", "--noise", "mbs:0"))

    def test_header(self):
        self.trace("a.wtrace", "--noise", "mbs:2", "--seed", "7", "--trial", "3", "--noise-nodes", "fc*")
        info = self.document("info", "a.wtrace", "--json")
        self.assertEqual(info["noise"], {"model": "mbs", "level": 2, "trial": 3, "nodes": "fc*"})
        self.assertEqual(info["seed"], 7)

    def test_custom_model(self):
        with open(self.path("chip.json"), "w", encoding="utf-8") as file:
            file.write('{"weight": {"relative": 0.02}, "output": {"sigma_lsb": 0.5}}')
        noisy = self.trace("a.wtrace", "--noise", "custom:chip.json")
        self.assertNotEqual(noisy, self.trace("b.wtrace"))
        info = self.document("info", "a.wtrace", "--json")
        self.assertEqual(info["noise"]["terms"], {"weight": {"relative": 0.02}, "output": {"sigma_lsb": 0.5}})


if __name__ == "__main__":
    unittest.main()
