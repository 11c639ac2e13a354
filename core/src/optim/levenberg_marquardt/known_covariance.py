"""Expected values of the covariance tests: fits by SciPy, errors from the normal equations in 50 digits (pip install scipy mpmath)."""

import mpmath as mp
import numpy as np
from scipy.optimize import curve_fit

mp.mp.dps = 50


def refine(model, jacobian, x):
    """Gauss-Newton in 50 digits from SciPy's solution; returns x, s^2, the covariance."""
    x = mp.matrix([mp.mpf(v) for v in x])
    for _ in range(200):
        r, j = model(x), jacobian(x)
        x -= mp.lu_solve(j.T * j, j.T * r)
    r, j = model(x), jacobian(x)
    s2 = (r.T * r)[0] / (j.rows - j.cols)
    return x, s2, s2 * mp.inverse(j.T * j)


def report(name, model, f, t, y, start):
    found, covariance = curve_fit(f, t, y, start, xtol=1e-14, ftol=1e-14, maxfev=10000)

    def jacobian(x):
        h = mp.mpf(10) ** -20
        columns = []
        for k in range(len(x)):
            up, down = x.copy(), x.copy()
            up[k] += h
            down[k] -= h
            columns.append((model(up) - model(down)) / (2 * h))
        return mp.matrix([[c[i] for c in columns] for i in range(columns[0].rows)])

    x, s2, c = refine(model, jacobian, found)
    errors = [mp.sqrt(c[k, k]) for k in range(len(x))]
    agree = max(abs(float(e) / np.sqrt(covariance[k, k]) - 1) for k, e in enumerate(errors))
    print(name, "curve_fit agrees to %.1e" % agree)
    print("  x", [mp.nstr(v, 15) for v in x], "s2", mp.nstr(s2, 15))
    print("  errors", [mp.nstr(v, 15) for v in errors])
    print("  correlation 0 1:", mp.nstr(c[0, 1] / errors[0] / errors[1], 15))


bard = [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
u = np.arange(1, 16)
report(
    "Bard",
    lambda x: mp.matrix([x[0] + i / (mp.mpf(16 - i) * x[1] + min(i, 16 - i) * x[2]) - mp.mpf(str(y)) for i, y in zip(range(1, 16), bard)]),
    lambda t, a, b, c: a + t / ((16 - t) * b + np.minimum(t, 16 - t) * c),
    u.astype(float), np.array(bard), [1.0, 1.0, 1.0],
)

osborne = [
    .844, .908, .932, .936, .925, .908, .881, .850, .818, .784, .751, .718, .685, .658, .628, .603, .580, .558, .538,
    .522, .506, .490, .478, .467, .457, .448, .438, .431, .424, .420, .414, .411, .406]
report(
    "Osborne 1",
    lambda x: mp.matrix([x[0] + x[1] * mp.exp(-10 * i * x[3]) + x[2] * mp.exp(-10 * i * x[4]) - mp.mpf(str(y)) for i, y in enumerate(osborne)]),
    lambda t, a, b, c, d, e: a + b * np.exp(-t * d) + c * np.exp(-t * e),
    10.0 * np.arange(33), np.array(osborne), [0.5, 1.5, -1.0, 0.01, 0.02],
)

# W1 tanh(theta1 x + theta2) + W2, the separable model.
points = [(-2.0, 0.05), (-1.0, 0.31), (0.0, 1.02), (1.0, 1.69), (2.0, 1.94), (3.0, 1.97)]
report(
    "sigmoid",
    lambda x: mp.matrix([x[2] * mp.tanh(x[0] * mp.mpf(str(t)) + x[1]) + x[3] - mp.mpf(str(y)) for t, y in points]),
    lambda t, a, b, c, d: c * np.tanh(a * t + b) + d,
    np.array([p[0] for p in points]), np.array([p[1] for p in points]), [0.9, 0.0, 1.0, 1.0],
)
