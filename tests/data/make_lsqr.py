"""Problems P(m, n, d, p) of Paige and Saunders (ACM TOMS 8, 1982, section 8) and what SciPy's LSQR makes of them (lsqr.npz).

A = Y [D; 0] Z (or Y [D 0] Z for m < n), Y = I - 2 y y^T, Z = I - 2 z z^T, y_i ~ sin(4 pi i / m), z_i ~ cos(4 pi i / n) of unit
length, D = diag(([(i - 1 + d) / d] d / k)^p), [.] the integer part, k = min(m, n); x = (n - 1, n - 2, ..., 0), and for m > n
a residual Y [0; c] with c_i = (-1)^i i / m.  p sets the condition number, d the multiplicity of singular values.

usage: make_lsqr.py
"""
import os

os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
import numpy as np
from scipy.sparse.linalg import LinearOperator, lsqr

from inputs import save


def problem(m, n, d, p):
    k = min(m, n)
    y = np.sin(4 * np.pi * np.arange(1, m + 1) / m); y /= np.linalg.norm(y)
    z = np.cos(4 * np.pi * np.arange(1, n + 1) / n); z /= np.linalg.norm(z)
    sigma = ((np.arange(1, k + 1) - 1 + d) // d * d / k) ** float(p)
    def pad(v, length): return np.concatenate([sigma * v[:k], np.zeros(length - k)])
    def reflect(h, v): return v - 2 * h * (h @ v)
    A = LinearOperator((m, n), matvec=lambda v: reflect(y, pad(reflect(z, v.ravel()), m)),
                       rmatvec=lambda v: reflect(z, pad(reflect(y, v.ravel()), n)), dtype=float)
    residual = np.zeros(m); residual[k:] = [(-1.) ** i * i / m for i in range(1, m - k + 1)]
    b = A.matvec(np.arange(n - 1, -1, -1.)) + reflect(y, residual)
    return A, b, y, z, sigma


# m, n, d, p, damp, atol, btol, conlim, iter_lim, warm start
CASES = [
    (10, 10, 1, 2, 0, 1e-8, 1e-8, 1e8, 40, 0), (10, 10, 2, 4, 0, 1e-8, 1e-8, 1e12, 40, 0), (20, 10, 1, 3, 0, 1e-8, 1e-8, 1e8, 40, 0),
    (20, 10, 1, 2, .1, 1e-8, 1e-8, 1e8, 40, 0), (10, 20, 1, 2, 0, 1e-8, 1e-8, 1e8, 40, 0), (10, 20, 2, 3, .05, 1e-8, 1e-8, 1e8, 40, 0),
    (40, 40, 8, 5, 0, 1e-9, 1e-9, 1e12, 160, 0), (40, 40, 4, 7, 1e-3, 1e-6, 1e-6, 1e8, 160, 0), (80, 40, 4, 2, 0, 1e-9, 1e-9, 1e8, 160, 0),
    (80, 40, 4, 6, 0, 1e-5, 1e-5, 1e12, 160, 0), (80, 40, 4, 4, 0, 1e-12, 1e-12, 200, 160, 0), (80, 40, 4, 4, 0, 0, 0, 1e3, 160, 0),
    (80, 40, 8, 2, 0, 0, 0, 0, 160, 0), (40, 40, 10, 2, 0, 0, 0, 0, 160, 0), (80, 40, 2, 3, 0, 1e-12, 1e-12, 0, 7, 0),
    (200, 100, 5, 2, 0, 1e-8, 1e-8, 1e8, 400, 0), (200, 100, 5, 3, .01, 1e-6, 1e-6, 1e8, 400, 0), (200, 100, 10, 7, 1e-2, 1e-9, 1e-9, 1e8, 400, 0),
    (200, 100, 1, 6, .1, 1e-8, 1e-8, 1e8, 400, 0), (100, 200, 5, 4, .1, 1e-9, 1e-9, 1e8, 400, 0), (100, 100, 5, 2, 0, 1e-4, 1e-6, 1e8, 400, 0),
    (100, 100, 5, 2, 0, 1e-7, 1e-3, 1e8, 400, 0), (80, 40, 4, 3, 0, 1e-8, 1e-8, 1e8, 160, 1), (80, 40, 4, 3, .1, 1e-8, 1e-8, 1e8, 160, 1),
]
REPORT = ['r1norm', 'r2norm', 'anorm', 'acond', 'arnorm', 'xnorm']

out, ends, norms, noise, norms_noise = {}, [], [], [], []
rng = np.random.default_rng(301)
for i, (m, n, d, p, damp, atol, btol, conlim, limit, warm) in enumerate(CASES):
    A, b, y, z, sigma = problem(m, n, d, p)
    x0 = np.cos(np.arange(n)) * 10 if warm else None
    def run(b): return lsqr(A, b, damp, atol, btol, conlim, limit, calc_var=True, x0=x0)
    x, istop, itn, *report, var = run(b)
    drift, norms_drift = 0., np.zeros(7)
    for _ in range(10):                                  # rounding errors must not decide
        x1, istop1, itn1, *report1, var1 = run(b * (1 + 1e-14 * rng.standard_normal(m)))
        assert istop1 == istop and abs(itn1 - itn) <= 1, (i, istop1, istop, itn1, itn)
        if itn1 != itn: continue
        drift = max(drift, np.abs(x1 - x).max() / np.abs(x).max())
        norms_drift = np.maximum(norms_drift, [*np.abs(np.subtract(report1, report)), np.abs(var1 - var).max() / var.max()])
    print(f'{i:2} P({m},{n},{d},{p}) damp {damp}: istop {istop} itn {itn} drift {drift:.1e} acond {report[3]:.1e}')
    out |= {f'y_{i}': y, f'z_{i}': z, f'sigma_{i}': sigma, f'b_{i}': b, f'x_{i}': x, f'var_{i}': var}
    ends.append((istop, itn)); norms.append(report); noise.append(drift); norms_noise.append(norms_drift)
out |= dict(cases=np.array(CASES, float), ends=np.array(ends, np.int32), norms=np.array(norms), noise=np.array(noise), noise_norms=np.array(norms_noise))
save(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lsqr.npz'), **out)
