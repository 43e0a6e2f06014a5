#!/usr/bin/env python3
"""A keyword network with a GRU, from float to package: keyword_gru.onnx, quantised on synthetic audio features.

    keyword_gru.py -o DIR          DIR/keyword_gru.wpkg, input.npy (codes), labels.npy, report.html; prints accuracies
    keyword_gru.py --train         trains the float network again and writes keyword_gru.onnx here (python3-torch)

A frame of the package is one frame of audio; the GRU starts anew with every utterance (reset_every 30), and an
utterance's scores are those of its last frame.
"""
import argparse
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import keyword_data  # noqa: E402

MODEL = os.path.join(HERE, "keyword_gru.onnx")
TRAINING, CALIBRATION, TEST = (2000, 1), (60, 2), (80, 3)        # utterances, seed


def train(path, epochs=12):
    """Dense layer, GRU of 32 units, dense layer; seeded, one thread."""
    import torch
    from torch import nn
    torch.manual_seed(0)
    torch.set_num_threads(1)

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.front = nn.Linear(keyword_data.BANDS, 32)
            self.gru = nn.GRU(32, 32, batch_first=True)
            self.scores = nn.Linear(32, len(keyword_data.KEYWORDS))

        def forward(self, x):
            return self.scores(self.gru(torch.relu(self.front(x)))[0][:, -1])

    network = Network()
    x, labels = (torch.tensor(a) for a in keyword_data.dataset(*TRAINING))
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(x[batch]), labels[batch]).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        schedule.step()
    network.eval()
    torch.onnx.export(network, x[:1], path, input_names=["features"], output_names=["scores"],
                      dynamic_axes={"features": {0: "N"}}, opset_version=13)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Keyword network with a GRU: float to package.")
    parser.add_argument("-o", "--output", metavar="DIR")
    parser.add_argument("--train", action="store_true", help="train the float network again first")
    options = parser.parse_args(arguments)
    if not options.output and not options.train:
        parser.error("nothing to do: give -o or --train")
    if options.train:
        train(MODEL)
    if not options.output:
        return 0
    import quantize
    import wpkg
    os.makedirs(options.output, exist_ok=True)
    place = lambda name: os.path.join(options.output, name)
    np.save(place("calibration.npy"), keyword_data.dataset(*CALIBRATION)[0])
    test, labels = keyword_data.dataset(*TEST)
    np.save(place("test.npy"), test)
    np.save(place("utterance_labels.npy"), labels)
    status = quantize.main([MODEL, "--calibration", place("calibration.npy"), "-o", place("keyword_gru.wpkg"),
                            "--reset-every", str(keyword_data.FRAMES), "--test", place("test.npy"),
                            "--labels", place("utterance_labels.npy"), "--html", place("report.html"),
                            "--json", place("report.json")])
    if status == 0:
        entry = wpkg.Package.read(place("keyword_gru.wpkg")).inputs[0]
        low, high = (-128, 127) if entry["signed"] else (-255, 255) if entry.get("neg_in") == "pn" else (0, 255)
        codes = np.clip(np.rint(test * np.float32(entry["scale"])) + entry.get("shift", 0), low, high)
        np.save(place("input.npy"), codes.reshape(-1, keyword_data.BANDS).astype(np.int16))
    return status


if __name__ == "__main__":
    sys.exit(main())
