"""The pages of the commands in headless Chromium. Pictures are kept in the build folder, in pages/."""
import os
import shutil
import unittest

from browser import ARTEFACTS, POLICY, count, needs_chromium, read_page, screenshot
from program import DIGITS, CliTest, wpkg

MODEL, INPUT, LABELS = (os.path.join(DIGITS, name) for name in ("model.wpkg", "input.npy", "labels.npy"))
BAD, GOOD, CURVE = "#b3261e", "#0a6c66", "#0068a8"  # of sim/report/html/style.cpp, light
WHITE, DARK = "#ffffff", "#10151a"


@needs_chromium
class Browser(CliTest):
    """The means of these tests notice what they are to notice."""

    def write(self, body, policy=""):
        with open(self.path("page.html"), "w", encoding="utf-8") as stream:
            stream.write(f"<!DOCTYPE html><head>{policy}<title>t</title><body style='background: #ffffff'>{body}")
        return self.path("page.html")

    def test_complaints_are_seen(self):
        words, complaints = read_page(self.write("<p>words<script>console.error('broken'); missing();</script>"))
        self.assertEqual(len(complaints), 2, complaints)
        self.assertIn("words", words)

    def test_the_policy_of_the_pages_stops_scripts(self):
        script = f"<script>document.body.style.background = '{BAD}'</script>"
        self.assertGreater(count(screenshot(self.write(script), "control", height=300), BAD), 10_000)
        self.assertEqual(count(screenshot(self.write(script, POLICY), "control", height=300), BAD), 0)


@needs_chromium
class Pages(CliTest):
    def looks_right(self, page, name, words, colors):
        """The page shows in Chromium without a complaint, in colour, and with its words; no script runs."""
        os.makedirs(ARTEFACTS, exist_ok=True)
        shutil.copy(self.path(page), os.path.join(ARTEFACTS, name + ".html"))
        with open(self.path(page), encoding="utf-8") as stream:
            self.assertIn(POLICY, stream.read().split("</head>")[0])
        text, complaints = read_page(self.path(page))
        self.assertEqual(complaints, [])
        for word in words:
            self.assertIn(word, text)
        pixels = screenshot(self.path(page), name)
        for color, least in colors.items():
            self.assertGreaterEqual(count(pixels, color), least, (name, color))

    def test_gap(self):
        self.done("gap", MODEL, INPUT, "--labels", LABELS, "--html", "gap.html")
        self.looks_right("gap.html", "gap",
                         ("What training did not see: digits_cnn", "Most is born in conv_1",
                          "the chip cuts a negative sum", "conv_2", "13.5 %", "born here", "99.17 %"),
                         {WHITE: 500_000, BAD: 3_000})

    def test_diff(self):
        """A network with one spoilt column of conv_2 against the right one."""
        package = wpkg.Package.read(MODEL)
        key = package.find("conv_2")["tensors"]["weight"]
        package.tensors[key] = package.tensors[key].copy()
        package.tensors[key][11] = 0
        package.write(self.path("spoilt.wpkg"))
        self.done(MODEL, INPUT, "--trace", "left.wtrace", "-o", "left.npy")
        self.done("spoilt.wpkg", INPUT, "--trace", "right.wtrace", "-o", "right.npy")
        plain = self.done("diff", "left.wtrace", "right.wtrace", "--explain", MODEL, status=1)
        page = ("diff", "left.wtrace", "right.wtrace", "--explain", MODEL, "--html", "diff.html")
        self.assertEqual(self.done(*page, status=1), plain)
        self.looks_right("diff.html", "diff",
                         ("Different:", "born in conv_2", "channel 11 holds 100 % of them; 1 of 16 channels touched",
                          "First difference in execution order: conv_2 npu_y, frame 0 [11, 0, 0]", "Findings",
                          "The right side is not what the model computes", "inherited", "The first ones:"),
                         {WHITE: 500_000, BAD: 2_000, GOOD: 300})
        self.done("diff", "left.wtrace", "left.wtrace", "--html", "equal.html")
        self.looks_right("equal.html", "diff_equal", ("= Equal", "392 400 values compared."), {WHITE: 500_000, BAD: 0})
        self.refused("usage.overwrite", "diff", "left.wtrace", "right.wtrace", "--html", "right.wtrace")
        self.refused("output.open", "diff", "left.wtrace", "right.wtrace", "--html", "no/folder/diff.html")

    def test_sweep(self):
        self.done("-q", "sweep", MODEL, INPUT, "--labels", LABELS, "--noise", "normal:0,4,9", "--trials", 3,
                  "--layer-trials", 0, "--html", "sweep.html")
        self.looks_right("sweep.html", "sweep", ("digits_cnn", "accuracy", "normal"), {WHITE: 500_000, CURVE: 300})

    def test_dark(self):
        self.done("gap", MODEL, INPUT, "--html", "gap.html")
        pixels = screenshot(self.path("gap.html"), "gap_dark", dark=True)
        self.assertGreater(count(pixels, DARK), 500_000)
        self.assertEqual(count(pixels, WHITE), 0)


if __name__ == "__main__":
    unittest.main()
