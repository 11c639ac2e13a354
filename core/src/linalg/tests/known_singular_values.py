"""Singular values for tests/svd.rs, in 60 digits: python3 known_singular_values.py (needs mpmath)."""
from mpmath import mp, matrix, svd_r

mp.dps = 60
n = 6
a = matrix(n, n)
for i in range(n):
    for j in range(n):
        a[i, j] = mp.mpf((7 * i + 3 * j * j + i * j) % 11 - 5) / mp.mpf(2) ** (10 * j)
for s in svd_r(a, compute_uv=False):
    print(mp.nstr(s, 20))
