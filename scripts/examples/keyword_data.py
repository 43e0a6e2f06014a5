"""Synthetic spoken keywords as audio features: vowel-like sounds that glide between formants, under noise.

A keyword is a sequence of vowels; a vowel is three formants (Hz). Speaker (pitch, formant scale), tempo, loudness and
noise vary. Features: logarithm of the energy in 20 mel bands, 30 frames of 16 ms at 8 kHz, float32 [samples, 30, 20].
"""
import numpy as np

RATE, FRAMES, HOP, WINDOW, BANDS = 8000, 30, 128, 256, 20
VOWELS = {"a": (800, 1200, 2500), "e": (500, 1900, 2500), "i": (300, 2300, 3000), "o": (500, 900, 2400),
          "u": (320, 800, 2300)}
KEYWORDS = ("ai", "ia", "oue", "uoa", "eoi")


def mel_filters():
    """[WINDOW / 2 + 1, BANDS] triangles, equally spaced in mel."""
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    edges = 700 * (10 ** (np.linspace(mel(100), mel(RATE / 2), BANDS + 2) / 2595) - 1)
    bins = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    rise = (bins[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[None, 2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    return np.clip(np.minimum(rise, fall), 0, None)


def waveform(word, random):
    """One utterance: pulses of the pitch, shaped by resonances that follow the vowels' formants."""
    length = FRAMES * HOP + WINDOW
    start, end = random.uniform(0, 0.2), random.uniform(0.8, 1.0)
    position = np.clip((np.arange(length) / length - start) / (end - start), 0, 1) * (len(word) - 1)
    scale = random.uniform(0.9, 1.12)
    pitch = random.uniform(90, 220) * (1 + 0.1 * np.sin(np.linspace(0, random.uniform(1, 4), length)))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = np.zeros(length)
    for number in range(1, 25):
        frequency = number * pitch
        gain = np.zeros(length)
        for formant in range(3):
            centre = scale * np.interp(position, np.arange(len(word)), [VOWELS[v][formant] for v in word])
            gain += (0.7**formant) / (1 + ((frequency - centre) / 90) ** 2)
        sound += np.where(frequency < RATE / 2, gain, 0) * np.sin(number * phase)
    envelope = np.clip(20 * np.minimum(np.arange(length) / length - start, end - np.arange(length) / length), 0, 1)
    return random.uniform(0.3, 1.0) * sound * envelope + random.normal(0, random.uniform(0.05, 0.8), length)


def features(signal):
    index = np.arange(FRAMES)[:, None] * HOP + np.arange(WINDOW)
    power = np.abs(np.fft.rfft(signal[index] * np.hanning(WINDOW))) ** 2
    return (np.log(power @ mel_filters() + 1e-2) / 4).astype(np.float32)


def dataset(count, seed):
    """(features [count, FRAMES, BANDS], labels)"""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(KEYWORDS)
    return np.stack([features(waveform(KEYWORDS[k], random)) for k in labels]), labels
