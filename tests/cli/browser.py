"""Opens pages in headless Chromium: what it complains about, what it shows, what it looks like."""
import html
import os
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

import numpy as np
from program import PROGRAM

CHROMIUM = shutil.which("chromium")
ARTEFACTS = os.path.join(os.path.dirname(os.path.dirname(PROGRAM)), "pages")  # in the build folder
# The policy every page carries: with it a browser runs no script and fetches nothing, so that what is seen is what a
# reader without JavaScript sees.
POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--hide-scrollbars", "--enable-logging=stderr")


def needs_chromium(test):
    """Decorator: without Chromium the test says so and is skipped."""
    return unittest.skipUnless(CHROMIUM, "skipped: chromium is not installed (scripts/setup.sh installs it)")(test)


def open_page(path, *flags):
    """Runs Chromium on a file with a profile of its own; returns its stdout and stderr."""
    with tempfile.TemporaryDirectory(prefix="witin-chromium-") as profile:
        result = subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *flags,
                                 f"file://{os.path.abspath(path)}"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                timeout=300, check=True)
    return result.stdout, result.stderr


def console(log):
    """What the page itself wrote to the console: errors of scripts, refused resources, broken markup."""
    return [line for line in log.splitlines() if "CONSOLE" in line]


def read_page(path):
    """The words of the page as the browser understood it, and what it wrote to the console."""
    dom, log = open_page(path, "--dump-dom")
    dom = re.sub(r"<style>.*?</style>|<[^>]*>", " ", dom, flags=re.S)
    return " ".join(html.unescape(dom).split()), console(log)


def read_png(path):
    """Pixels [height, width, 3 or 4] of a PNG of 8 bits without interlacing, as Chromium writes them."""
    with open(path, "rb") as stream:
        data = stream.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, header = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    width, height, depth, color, _, _, interlace = header
    assert depth == 8 and color in (2, 6) and interlace == 0, header
    channels = 3 if color == 2 else 4
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * channels)
    image = np.zeros((height, width * channels), np.uint8)
    above = np.zeros(width * channels, np.uint8)
    for y in range(height):
        line = rows[y, 1:].copy()
        above = image[y] = _unfilter(rows[y, 0], line, above, channels)
    return image.reshape(height, width, channels)


def _unfilter(kind, line, above, step):
    if kind == 0:
        return line
    if kind == 1:
        return np.add.accumulate(line.reshape(-1, step), axis=0, dtype=np.uint8).reshape(-1)
    if kind == 2:
        return line + above
    out, up = line.astype(int).tolist(), above.astype(int).tolist()
    for i in range(len(out)):
        left = out[i - step] if i >= step else 0
        corner = up[i - step] if i >= step else 0
        if kind == 3:
            guess = (left + up[i]) // 2
        else:
            p = left + up[i] - corner
            guess = min((left, up[i], corner), key=lambda value: abs(p - value))
        out[i] = (out[i] + guess) & 255
    return np.array(out, np.uint8)


def screenshot(page, name, height=2400, dark=False):
    """A picture of the page in the build folder; returns its pixels."""
    os.makedirs(ARTEFACTS, exist_ok=True)
    path = os.path.join(ARTEFACTS, name + ".png")
    if os.path.exists(path):
        os.remove(path)
    flags = ("--blink-settings=preferredColorScheme=0",) if dark else ()
    open_page(page, f"--window-size=1180,{height}", f"--screenshot={path}", *flags)
    return read_png(path)


def count(pixels, color):
    """Pixels of exactly this colour, "#b3261e"."""
    wanted = [int(color[i:i + 2], 16) for i in (1, 3, 5)]
    return int((pixels[:, :, :3] == wanted).all(axis=2).sum())
