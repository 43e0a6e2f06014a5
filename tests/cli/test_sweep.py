"""witin-sim sweep: the same bytes however it is run, killed or shared among ranks; what it refuses."""
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree

import numpy as np
from program import DIGITS, GOLDEN, PROGRAM, SANITIZED, CliTest, wpkg

MLP = os.path.join(GOLDEN, "digits_mlp")
RESULTS = ("s.json", "s.csv", "s.html", "s.svg")
MPIRUN = shutil.which("mpirun")
WITH_MPI = MPIRUN is not None and b"witin_mpi_join" in open(PROGRAM, "rb").read()


def size_of(path):
    """Bytes of the file, 0 where there is none: another process may remove it at any time."""
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


def digits(case=DIGITS):
    return [os.path.join(case, "model.wpkg"), os.path.join(case, "input.npy")]


LABELS = ["--labels", os.path.join(DIGITS, "labels.npy")]


class SweepTest(CliTest):
    def arguments(self, *more):
        """A sweep of both digits networks in every format."""
        return ["sweep", *digits(), *digits(MLP), *LABELS, "--noise", "normal:0,3,9", "--trials", "4",
                "--layer-trials", "2", "--seed", "7", "-o", "s.json", "--csv", "s.csv", "--html", "s.html",
                "--svg", "s.svg", *more]

    def results(self):
        """The bytes of every result, which are removed; nothing else may lie in the folder."""
        self.assertEqual(sorted(os.listdir(self.dir)), sorted(RESULTS))
        files = {}
        for name in RESULTS:
            with open(self.path(name), "rb") as stream:
                files[name] = stream.read()
            os.remove(self.path(name))
        return files


class Results(SweepTest):
    def test_document(self):
        printed = self.done(*self.arguments("--json"))
        with open(self.path("s.json")) as stream:
            self.assertEqual(stream.read(), printed)
        document = json.loads(printed)
        self.assertEqual((document["format"], document["version"]), ("witin.sweep", 1))
        self.assertEqual([m["name"] for m in document["models"]], ["digits_cnn", "digits_mlp"])
        self.assertEqual([m["noiseless"]["correct"] for m in document["models"]], [357, 358])
        self.assertEqual([m["metric"] for m in document["models"]], ["accuracy"] * 2)
        self.assertEqual([(p["model"], p["noise"], p["level"]) for p in document["levels"]],
                         [(m, "normal", level) for m in (0, 1) for level in (0, 3, 9)])
        self.assertEqual(len(document["trial_results"]), 2 * 3 * 4)
        for model, network in enumerate(document["models"]):
            layers = [e for e in document["layers"] if (e["model"], e["level"]) == (model, 3)]
            self.assertEqual([e["node"] for e in layers], network["layers"])
        for entry in document["levels"]:
            self.check_level(document, entry)

    def check_level(self, document, entry):
        """Statistics against NumPy, from the trials the document lists."""
        def of(trial):
            return all(trial[key] == entry[key] for key in ("model", "noise", "level"))
        shares = np.array([t["correct"] for t in document["trial_results"] if of(t)]) / 360
        score = entry["score"]
        self.assertEqual(entry["accuracy"], score)
        half = 3.182446 * shares.std(ddof=1) / np.sqrt(4)
        for found, expected in ((score["mean"], shares.mean()), (score["deviation"], shares.std(ddof=1)),
                                (score["min"], shares.min()), (score["max"], shares.max()),
                                (score["confidence"][0], max(0, shares.mean() - half)),
                                (score["confidence"][1], min(1, shares.mean() + half)),
                                (entry["loss"], [357, 358][entry["model"]] / 360 - shares.mean())):
            self.assertAlmostEqual(found, expected, 12)
        agreeing = np.array([t["agreeing"] for t in document["trial_results"] if of(t)]) / 360
        self.assertAlmostEqual(entry["agreement"]["mean"], agreeing.mean(), 12)
        rms = np.array([t["output_error"]["rms"] for t in document["trial_results"] if of(t)])
        self.assertAlmostEqual(entry["output_error"]["rms"], np.sqrt((rms ** 2).mean()), 12)
        if entry["level"] == 0:
            self.assertEqual((score["deviation"], entry["loss"], entry["worst_layer"]), (0, 0, None))
        else:
            self.assertGreater(entry["output_error"]["rms"], 0)
            self.assertIn(entry["worst_layer"], document["models"][entry["model"]]["layers"])

    def test_noise_moves_one_layer_alone(self):
        document = self.document(*self.arguments("--json"))
        for entry in document["layers"]:
            alone = entry["alone"]
            if entry["level"] == 0:
                self.assertEqual(alone["output_error"], {"rms": 0, "largest": 0, "different": 0})
            else:
                self.assertGreater(alone["error"]["rms"], 0)
                self.assertGreater(alone["output_error"]["rms"], 0)

    def test_a_trial_is_a_run_with_that_trial(self):
        document = self.document(*self.arguments("--json"))
        model, x = digits()
        run = self.document("run", model, x, *LABELS, "--noise", "normal:3", "--seed", "7", "--trial", "2",
                            "--json")
        trial = next(t for t in document["trial_results"] if (t["model"], t["level"], t["trial"]) == (0, 3, 2))
        self.assertEqual(run["labels"]["correct"], trial["correct"])

    def test_table_and_pages(self):
        text = self.done(*self.arguments())
        self.assertIn("digits_cnn: 360 frames, 4 trials a level, arithmetic wtm2101, without noise 99.17 % accuracy",
                      text)
        with open(self.path("s.csv"), newline="") as stream:
            rows = list(csv.DictReader(stream))
        self.assertEqual(len(rows), 2 * 3 * (1 + 3))
        with open(self.path("s.json")) as stream:
            levels = json.load(stream)["levels"]
        whole = [row for row in rows if row["noised"] == "*"]
        self.assertEqual([float(row["mean"]) for row in whole], [level["score"]["mean"] for level in levels])
        picture = xml.etree.ElementTree.parse(self.path("s.svg")).getroot()
        self.assertEqual(picture.tag, "{http://www.w3.org/2000/svg}svg")
        with open(self.path("s.html")) as stream:
            page = stream.read()
        self.assertIn("one layer noised at a time", page)
        self.assertNotIn("<script", page)
        self.assertNotIn("://", page)

    def test_without_labels_the_noiseless_answer_counts(self):
        document = self.document("sweep", *digits(), "--noise", "none", "--noise", "normal:2", "--trials", "2",
                                 "--layer-trials", "0", "--json")
        self.assertEqual(document["models"][0]["metric"], "agreement")
        self.assertIsNone(document["models"][0]["noiseless"])
        self.assertEqual([level["noise"] for level in document["levels"]], ["none", "normal"])
        self.assertEqual(document["levels"][0]["score"]["mean"], 1)
        self.assertIsNone(document["layers"][0]["alone"])
        self.assertEqual(os.listdir(self.dir), [])

    def test_one_input_for_several_models_and_several_outputs(self):
        package = wpkg.Package("pair", "witin_nn")
        package.input("x", [2])
        for name in ("l", "r"):
            package.node(name, "linear", ["x"], {"weight": [[5], [7]]}, {"g": 1})
            package.output(name)
        package.write(self.path("pair.wpkg"))
        self.save("x.npy", [[1, 2], [3, 4]], np.uint8)
        document = self.document("sweep", "pair.wpkg", "pair.wpkg", "x.npy", "--noise", "normal:1", "--trials", "1",
                                 "--json")
        self.assertEqual([m["metric"] for m in document["models"]], ["equal_values"] * 2)
        self.assertIsNone(document["levels"][0]["score"]["deviation"])
        self.assertIsNone(document["levels"][0]["agreement"])


@unittest.skipIf(SANITIZED, "skipped: sanitizers change no bytes")
class SameBytes(SweepTest):
    def test_threads_and_instruction_sets(self):
        self.done(*self.arguments("--threads", 1))
        expected = self.results()
        for options in (["--threads", 3], ["--threads", 64], ["--isa", "ref"]):
            self.done(*self.arguments(*options))
            self.assertEqual(self.results(), expected, options)

    def test_killed_and_started_again(self):
        self.done(*self.arguments())
        expected = self.results()
        journal = self.path("s.json.journal")
        for stop in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            kills = 0
            while not os.path.exists(self.path("s.json")):
                process = subprocess.Popen([PROGRAM, *self.arguments("--threads", "1")], cwd=self.dir, text=True,
                                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                           stderr=subprocess.PIPE)
                size = size_of(journal)
                while process.poll() is None and size_of(journal) < size + 200:
                    time.sleep(0.0005)
                process.send_signal(stop)
                stderr = process.communicate()[1]
                kills += process.returncode != 0
                if process.returncode > 0:
                    self.assertEqual(process.returncode, 128 + stop, stderr)
                    self.assertRegex(stderr, r"\Awitin-sim: stopped by a signal; nothing was written.*\n\Z")
            self.assertGreater(kills, 0)
            self.assertEqual(self.results(), expected)

    def test_a_damaged_journal(self):
        self.done(*self.arguments())
        expected = self.results()
        process = subprocess.Popen([PROGRAM, *self.arguments("--threads", "1")], cwd=self.dir,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        journal = self.path("s.json.journal")
        while process.poll() is None and size_of(journal) < 300:
            time.sleep(0.0005)
        process.kill()
        process.wait()
        with open(journal, "r+b") as stream:
            stream.seek(150)
            stream.write(b"?")
        result = self.run_program(*self.arguments())
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stderr,
                         r"\Awitin-sim: warning: s.json.journal: the last \d+ bytes are damaged[^\n]*\n\Z")
        self.assertEqual(self.results(), expected)

    def test_a_journal_of_another_sweep(self):
        with open(self.path("s.json.journal"), "w") as stream:
            stream.write("witin.sweep.journal 1 " + "0" * 64 + "\n")
        self.refused("journal.other", *self.arguments())


@unittest.skipUnless(WITH_MPI, "skipped: no mpirun, or built without MPI")
class Ranks(SweepTest):
    def mpirun(self, ranks, *arguments, program=PROGRAM):
        # Open MPI keeps what it takes when it starts.
        environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
        return subprocess.run([MPIRUN, "--allow-run-as-root", "--oversubscribe", "-n", str(ranks), program,
                               *map(str, arguments)], cwd=self.dir, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=300,
                              env=environment)

    def test_the_same_bytes_for_any_number_of_ranks(self):
        printed = self.done(*self.arguments())
        expected = self.results()
        for ranks in (1, 2, 3):
            result = self.mpirun(ranks, *self.arguments())
            self.assertEqual((result.returncode, result.stdout), (0, printed), result.stderr)
            self.assertEqual(self.results(), expected, ranks)

    def test_one_error_line_whatever_the_ranks(self):
        self.save("short.npy", [1, 2], np.uint8)
        before = self.listing()
        result = self.mpirun(3, "sweep", *digits(), "--labels", "short.npy", "--noise", "normal:1", "--trials", 2,
                             "-o", "s.json")
        lines = [line for line in result.stderr.splitlines() if line.startswith("witin-sim:")]
        self.assertEqual((result.returncode, len(lines)), (2, 1), result.stderr)
        self.assertTrue(lines[0].endswith("[labels.frames]"), lines)
        self.assertEqual((result.stdout, self.listing()), ("", before))

    def test_a_failing_rank_ends_all(self):
        model, x = digits()
        with open(self.path("rank.sh"), "w") as stream:
            stream.write('#!/bin/sh\n[ "$OMPI_COMM_WORLD_RANK" = 1 ] && cd /\n"$@"\nstatus=$?\n'
                         '[ "$OMPI_COMM_WORLD_RANK" = 0 ] && sleep 1  # the others have told their status by then\n'
                         'echo "ended with $status" >&2\nexit $status\n')
        os.chmod(self.path("rank.sh"), 0o755)
        shutil.copy(x, self.path("x.npy"))
        before = self.listing()
        result = self.mpirun(3, PROGRAM, "sweep", model, "x.npy", "--noise", "normal:1", "--trials", 2, "-o", "s.json",
                             program=self.path("rank.sh"))
        lines = [line for line in result.stderr.splitlines() if line.startswith("witin-sim:")]
        self.assertEqual((result.returncode, len(lines)), (2, 1), result.stderr)
        self.assertRegex(lines[0], r"witin-sim: rank 1: .*\[file\.open\]")
        # mpirun stops all ranks at the first that fails, which must be the one that tells why.
        self.assertEqual(sorted(re.findall(r"ended with (\d+)", result.stderr)), ["0", "0", "2"])
        self.assertEqual(self.listing(), before)


class Refused(SweepTest):
    def refuse(self, code, *options, files=None):
        defaults = {"--noise": "normal:1", "--trials": "2", "-o": "s.json"}
        given = dict(zip(options[::2], options[1::2]))
        merged = [word for pair in {**defaults, **given}.items() for word in pair]
        return self.refused(code, "sweep", *(files or digits()), *merged)

    def test_numbers(self):
        for trials in ("0", "-1", "1000001"):
            self.refuse("usage.trials", "--trials", trials)
        self.refuse("usage", "--trials", "x")
        self.refuse("usage.trials", "--layer-trials", "3")
        self.refuse("usage", "--seed", "-1")

    def test_noise(self):
        self.refuse("noise.level", "--noise", "normal:10")
        self.refuse("noise.level", "--noise", "normal:0..12")
        self.refuse("noise.model", "--noise", "loud:1")
        self.refuse("usage.levels", "--noise", "normal")
        self.refuse("noise.nodes", "--noise-nodes", "relu_*")
        with open(self.path("noise.json"), "w") as stream:
            json.dump({"wieght": {"additive_lsb": 1}}, stream)
        before = self.listing()
        result = self.run_program("sweep", *digits(), "--noise", "custom:noise.json", "--trials", 1, "-o", "s.json")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("noise.json", result.stderr)
        self.assertEqual(self.listing(), before)

    def test_a_model_without_a_law_for_the_operator(self):
        package = wpkg.Package("net", "witin_nn")
        package.input("x", [1, 4, 4])
        package.node("up", "conv_transpose2d", ["x"], {"weight": np.ones((1, 1, 2, 2), np.int8)}, {"g": 64})
        package.output("up")
        package.write(self.path("net.wpkg"))
        self.save("x.npy", np.ones((2, 1, 4, 4), np.uint8))
        self.refuse("noise.operator", "--noise", "mbs:1", files=["net.wpkg", "x.npy"])

    def test_files(self):
        model, x = digits()
        self.refuse("labels.frames", "--labels", self.save("labels.npy", [1, 2, 3], np.uint8))
        self.refuse("usage.input", files=[model])
        self.refuse("usage.input", files=[x])
        self.refuse("usage.input", files=[x, model])
        self.refuse("usage.input", files=[model, x, x])
        self.refuse("input.shape", files=[model, digits(MLP)[1]])
        self.refuse("file.open", files=["none.wpkg", x])
        self.refuse("output.open", "-o", "none/s.json")
        self.refuse("usage.overwrite", "--csv", "s.json")
        shutil.copy(x, self.path("x.npy"))
        self.refuse("usage.overwrite", "-o", "x.npy", files=[model, "x.npy"])


if __name__ == "__main__":
    unittest.main()
