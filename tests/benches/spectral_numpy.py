"""SVD and symmetric eigenvalues by LAPACK (NumPy), LSQR by SciPy: one thread, the numbers of tests/peers/benches/fast.rs.

OPENBLAS_NUM_THREADS=1 python3 tests/benches/spectral_numpy.py prints one TSV: operation, type, size, median microseconds of 31 samples.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from median import median_seconds
from scipy.sparse.linalg import lsqr


def number(i, j):
    """Numbers in [-1, 1), as `number` in tests/peers/lib.rs."""
    with np.errstate(over="ignore"):
        a = (np.uint64(i) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        x = a ^ ((np.uint64(j) + np.uint64(1)) * np.uint64(0xD1B54A32D192ED03))
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return float((x ^ (x >> np.uint64(31))) >> np.uint64(11)) / 2.0**52 - 1.0


def matrix(rows, cols):
    return np.array([[number(i, j) for j in range(cols)] for i in range(rows)], order="F")


def row(operation, a, call):
    size = f"{a.shape[0]}x{a.shape[1]}"
    print(f"{operation}\t{a.dtype}\t{size}\t{1e6 * median_seconds(call, 1e-3):.2f}", flush=True)


print("operation\ttype\tsize\tmedian us")
for kind in (np.float64, np.float32):
    for n in (8, 16, 24, 32, 48, 64):
        a = matrix(n, n).astype(kind, order="F")
        symmetric = a + a.T
        row("svd", a, lambda: np.linalg.svd(a))
        row("symmetric", symmetric, lambda: np.linalg.eigh(symmetric))
    a = matrix(1000, 50).astype(kind, order="F")
    b = np.array([number(i, 50) for i in range(1000)]).astype(kind)
    row("lsqr", a, lambda: lsqr(a, b, atol=1e-6, btol=1e-6))
