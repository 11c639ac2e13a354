"""Median nanoseconds of products of matrices by the BLAS of NumPy, on the sizes of `tests/peers/benches/fast.rs`.

OPENBLAS_NUM_THREADS=1 python3 tests/benches/gemm_numpy.py      (needs numpy; run it in the same minute)
"""
import numpy as np
from median import median_seconds


def median(name, size, scalar, call):
    nanoseconds = 1e9 * median_seconds(call, 2e-4)
    print(f'NumPy {np.__version__}\t{name}\t{scalar}\t{size}\t{nanoseconds:.2f}', flush=True)


def matrix(rows, cols, scalar):
    return np.asfortranarray(rng.uniform(-1, 1, (rows, cols)).astype(scalar))


rng = np.random.default_rng(20)
print('peer\toperation\ttype\tsize\tmedian ns')
for scalar, label in [(np.float64, 'f64'), (np.float32, 'f32')]:
    square = [(n, n, n) for n in [8, 16, 32, 64, 128, 256, 512, 1024]]
    for m, k, n in square + [(64, 64, 4096), (10, 64, 4096), (128, 128, 4096), (8, 56, 400), (8, 8, 400)]:
        a, b, c = matrix(m, k, scalar), matrix(k, n, scalar), matrix(m, n, scalar)
        median('gemm AB', f'{m}x{k}x{n}', label, lambda: np.matmul(a, b, out=c))
    for m, k, n in [(64, 4096, 64), (64, 64, 4096), (8, 8, 400), (256, 256, 256)]:
        a, b, c = matrix(k, m, scalar), matrix(k, n, scalar), matrix(m, n, scalar)
        median('gemm AtB', f'{m}x{k}x{n}', label, lambda: np.matmul(a.T, b, out=c))
    for m, k, n in [(64, 4096, 64), (8, 400, 56), (256, 256, 256)]:
        a, b, c = matrix(m, k, scalar), matrix(n, k, scalar), matrix(m, n, scalar)
        median('gemm ABt', f'{m}x{k}x{n}', label, lambda: np.matmul(a, b.T, out=c))
    for m, n in [(8, 8), (64, 64), (256, 256), (1024, 1024), (4096, 64), (64, 4096)]:
        a, x, y = matrix(m, n, scalar), matrix(n, 1, scalar)[:, 0], matrix(m, 1, scalar)[:, 0]
        median('gemv Ax', f'{m}x{n}', label, lambda: np.matmul(a, x))
        median('gemv Atx', f'{m}x{n}', label, lambda: np.matmul(a.T, y))
    for n in [8, 100, 1000, 10_000, 1_000_000]:
        x, y = matrix(n, 1, scalar)[:, 0], matrix(n, 1, scalar)[:, 0]
        median('dot', n, label, lambda: np.dot(x, y))
