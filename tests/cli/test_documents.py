"""JSON documents against the schemas of cli/README.md, and info."""
import hashlib
import os
import unittest

import numpy as np
from program import DIGITS, GOLDEN, CliTest, wpkg

MODEL, INPUT, LABELS = (os.path.join(DIGITS, name) for name in ("model.wpkg", "input.npy", "labels.npy"))
NONE = type(None)
PAIR = [int]
ERROR = {key: str for key in ("code", "what", "where", "expected", "found", "hint", "line")}
NODE = {"name": str, "op": str, "arithmetic": str, "inputs": [str], "shape": [int], "range": PAIR, "macs": int,
        "output": bool}
STATISTICS = {"values": int, "min": int, "max": int, "zeros": int, "saturated": int, "first": [int]}
HEAD = {"format": str, "version": int, "simulator": str}
IDENTITY = {"name": str, "sha256": str}
RUN = {**HEAD, "package": IDENTITY, "arithmetic": str, "first_frame": int, "frames": int, "output": (str, NONE),
       "trace": (str, NONE), "labels": ({"correct": int, "accuracy": float}, NONE),
       "nodes": [{**NODE, "statistics": STATISTICS}]}
NUMBER = (float, int, NONE)
BLOCK = {"node": str, "matrix": str, "columns": int, "rows": int, "bias_units": int, "place": ([int], NONE)}
ARRAY = {"fits": bool, "cells": int, "columns": int, "rows": int, "bias_units": int, "blocks": [BLOCK]}
PACKAGE = {**HEAD, "kind": str, "name": str, "sha256": str, "description": str, "producer": str, "arithmetic": str,
           "stateful": bool, "array": ARRAY, "outputs": [str],
           "inputs": [{"name": str, "shape": [int], "bits": int, "signed": bool, "neg_in": str, "range": PAIR,
                       "scale": NUMBER, "shift": NUMBER}],
           "nodes": [{**NODE, "scale": NUMBER, "tensors": dict}],
           "tensors": [{"id": str, "dtype": str, "shape": [int], "bytes": int}]}
TRACE = {**HEAD, "kind": str, "package": IDENTITY, "arithmetic": (str, NONE), "noise": (dict, NONE),
         "seed": (int, NONE),
         "written_by": str, "level": str, "frames": int,
         "nodes": [{"name": str, "op": str, "shape": [int], "fields": dict}]}
FIRST = {"frame": int, "index": [int], "expected": int, "found": int}
VERIFY = {**HEAD, "summary": {key: int for key in ("cases", "equal", "different", "unusable", "compared")},
          "cases": [{"path": str, "name": str, "verdict": str, "frames": int, "compared": int, "different": int,
                     "error": (ERROR, NONE), "accuracy": (float, NONE),
                     "fields": [{"node": str, "field": str, "compared": int, "different": int,
                                 "first": (FIRST, NONE)}]}]}


def mismatch(value, schema, where="document"):
    """Where the value does not match: a type, a list of one schema, a dict of all its keys, or a tuple of choices."""
    if isinstance(schema, tuple):
        found = [mismatch(value, choice, where) for choice in schema]
        return None if None in found else found[0]
    if isinstance(schema, list):
        if not isinstance(value, list):
            return f"{where}: not a list"
        return next(filter(None, (mismatch(v, schema[0], f"{where}[{i}]") for i, v in enumerate(value))), None)
    if isinstance(schema, dict):
        if not isinstance(value, dict) or list(value) != list(schema):
            return f"{where}: keys {list(value) if isinstance(value, dict) else value}, not {list(schema)}"
        return next(filter(None, (mismatch(value[k], schema[k], f"{where}.{k}") for k in schema)), None)
    return None if type(value) is schema else f"{where}: {value!r} is not {schema.__name__}"


class Documents(CliTest):
    def matches(self, schema, *arguments, **options):
        document = self.document(*arguments, **options)
        self.assertIsNone(mismatch(document, schema))
        self.assertEqual(document["version"], 1)
        self.assertEqual("witin-sim " + document["simulator"] + "\n", self.done("--version"))
        return document

    def test_run(self):
        plain = self.matches(RUN, MODEL, INPUT, "--json")
        self.assertEqual((plain["format"], plain["output"], plain["trace"], plain["labels"]),
                         ("witin.run", None, None, None))
        with open(MODEL, "rb") as stream:
            self.assertEqual(plain["package"]["sha256"], hashlib.sha256(stream.read()).hexdigest())
        full = self.matches(RUN, MODEL, INPUT, "--json", "-o", "out.npy", "--trace", "t.wtrace", "--labels", LABELS)
        self.assertEqual((full["output"], full["trace"]), ("out.npy", "t.wtrace"))
        self.assertEqual(full["labels"], {"correct": 357, "accuracy": 357 / 360})
        self.assertEqual(full["nodes"], plain["nodes"])
        self.assertEqual(self.matches(RUN, MODEL, INPUT, "--json", "--frames", "3:7")["frames"], 4)
        self.assertEqual(self.done(MODEL, INPUT, "--json"), self.done(MODEL, INPUT, "--json", "--threads", "1"))

    def test_package(self):
        document = self.matches(PACKAGE, "info", MODEL, "--json")
        self.assertEqual((document["format"], document["kind"]), ("witin.info", "package"))
        package = wpkg.Package.read(MODEL)
        self.assertEqual([n["name"] for n in document["nodes"]], [n["name"] for n in package.nodes])
        self.assertEqual({t["id"]: (t["dtype"], t["shape"], t["bytes"]) for t in document["tensors"]},
                         {k: (a.dtype.name, list(a.shape), a.nbytes) for k, a in package.tensors.items()})
        conv = document["nodes"][0]
        self.assertEqual((conv["macs"], conv["range"]), (8 * 6 * 6 * 9, [-128, 127]))
        lstm = self.matches(PACKAGE, "info", os.path.join(GOLDEN, "operators", "lstm", "model.wpkg"), "--json")
        self.assertTrue(lstm["stateful"])
        self.assertEqual([(b["node"], b["rows"], b["columns"]) for b in document["array"]["blocks"]],
                         [("conv_1", 9, 8), ("conv_2", 72, 16), ("fc_1", 144, 10)])
        self.done("info", MODEL, "--array-map", "map.svg")
        with open(os.path.join(self.dir, "map.svg"), encoding="utf-8") as stream:
            self.assertIn("<title>conv_2 weight: 16 columns, 72 rows", stream.read())

    def test_trace(self):
        expected = os.path.join(DIGITS, "expected.wtrace")
        document = self.matches(TRACE, "info", expected, "--json")
        self.assertEqual((document["kind"], document["frames"], document["written_by"]),
                         ("trace", 360, "scripts/reference"))
        self.done(MODEL, INPUT, "-o", "out.npy", "--trace", "t.wtrace", "--trace-level", "full")
        document = self.matches(TRACE, "info", "t.wtrace", "--json")
        self.assertEqual(document["level"], "full")
        self.assertIn("npu_acc", document["nodes"][0]["fields"])
        text = self.done("info", "t.wtrace")
        self.assertIn("conv_1  conv2d    npu_acc  int32  [8, 6, 6]", text)

    def test_verify(self):
        document = self.matches(VERIFY, "verify", DIGITS, "--json")
        self.assertEqual(document["summary"], {"cases": 1, "equal": 1, "different": 0, "unusable": 0,
                                               "compared": document["cases"][0]["compared"]})
        os.mkdir(self.path("bad"))
        document = self.matches(VERIFY, "verify", DIGITS, self.bad_case(), "--json", status=2)
        self.assertEqual([case["verdict"] for case in document["cases"]], ["equal", "unusable"])

    def bad_case(self):
        with open(self.path("bad", "case.json"), "w", encoding="utf-8") as stream:
            stream.write("{}")
        return "bad"

    def test_hostile_text_is_still_json(self):
        package = wpkg.Package("quote\" \\ \u00e9 \u0001 </script>", "wtm2101")
        package.input("x", [1])
        package.node("y", "relu", ["x"])
        package.output("y")
        package.write(self.path("odd.wpkg"))
        self.assertEqual(self.matches(PACKAGE, "info", "odd.wpkg", "--json")["name"], package.name)
        self.save("x.npy", np.zeros((1, 1), np.uint8))
        self.assertEqual(self.matches(RUN, "odd.wpkg", "x.npy", "--json")["package"]["name"], package.name)


if __name__ == "__main__":
    unittest.main()
