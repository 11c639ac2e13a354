"""Seeded inputs of the classification problems, and the peaks surface.  Samples are columns."""
import numpy as np


def peaks(x, y):
    return (3 * (1 - x) ** 2 * np.exp(-x ** 2 - (y + 1) ** 2)
            - 10 * (x / 5 - x ** 3 - y ** 5) * np.exp(-x ** 2 - y ** 2)
            - np.exp(-(x + 1) ** 2 - y ** 2) / 3)


def peaks_classes():
    """five equal-width level bands of peaks(), 100 points per band; weights of classes_net()"""
    rng = np.random.default_rng(21)
    g = np.linspace(-3, 3, 256); X, Y = np.meshgrid(g, g); Z = peaks(X, Y)
    lev = np.linspace(Z.min(), Z.max(), 6)
    band = np.clip(np.searchsorted(lev, Z.ravel(), side='left') - 1, 0, 4)
    P = np.stack([X.ravel(), Y.ravel()]); chosen = []
    for k in range(5):
        i = np.flatnonzero(band == k); chosen.append(rng.choice(i, 100))
        rng.choice(i, 40)                                        # validation points: drawn, not kept
    w = 8
    lay = np.concatenate([np.sqrt(2 / w) * rng.standard_normal(w * w), np.zeros(w)])
    th = np.concatenate([rng.standard_normal(w * 2), np.zeros(w), np.tile(lay, 4)])
    return P[:, np.concatenate(chosen)], np.repeat(np.eye(5), 100, 1), th


def circle():
    """two elliptic rings (radius < 1: class 1, 1..2: class 0), y axis squeezed by 0.4"""
    rng = np.random.default_rng(42); n = 400
    r = np.concatenate([rng.random(n), 1 + rng.random(n)]); t = 2 * np.pi * rng.random(2 * n)
    i = rng.permutation(2 * n)
    return np.stack([r * np.cos(t), 0.4 * r * np.sin(t)])[:, i], np.concatenate([np.ones(n), np.zeros(n)])[None, i]


def save(path, **arrays):
    """compressed, C order, float64 and int32/int64 only, finite"""
    out = {}
    for key, a in arrays.items():
        a = np.ascontiguousarray(a) if np.ndim(a) else np.asarray(a)
        if a.dtype == np.longdouble: a = a.astype(np.float64)
        assert a.dtype in (np.float64, np.int32, np.int64), (key, a.dtype)
        out[key] = a
    np.savez_compressed(path, **out)
