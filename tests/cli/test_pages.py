"""The pages of the commands in headless Chromium. Pictures are kept in the build folder, in pages/."""
import os
import shutil
import unittest

from browser import ARTEFACTS, POLICY, count, needs_chromium, read_page, screenshot
from program import DIGITS, CliTest

MODEL, INPUT, LABELS = (os.path.join(DIGITS, name) for name in ("model.wpkg", "input.npy", "labels.npy"))
BAD, GOOD = "#b3261e", "#0a6c66"  # of sim/report/html/style.cpp, light
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

    def test_dark(self):
        self.done("gap", MODEL, INPUT, "--html", "gap.html")
        pixels = screenshot(self.path("gap.html"), "gap_dark", dark=True)
        self.assertGreater(count(pixels, DARK), 500_000)
        self.assertEqual(count(pixels, WHITE), 0)


if __name__ == "__main__":
    unittest.main()
