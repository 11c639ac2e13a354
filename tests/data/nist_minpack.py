"""What MINPACK's lmder makes of the problems in tests/data/nist: digits of the parameters, evaluations, sum of squares.

From both starts, with the smallest tolerances and exact Jacobians (complex steps), to compare `tests/tests/nist.rs` with.

    python3 nist_minpack.py        # python3, SciPy, mpmath
"""
import pathlib
import warnings

import numpy as np
from scipy.optimize import leastsq

from check_nist import read

FUNCTIONS = {"exp": np.exp, "cos": np.cos, "sin": np.sin, "arctan": np.arctan, "pi": np.pi, "mpf": float}
warnings.simplefilter("ignore")  # overflow at trial points
np.seterr(all="ignore")

for path in sorted((pathlib.Path(__file__).parent / "nist").glob("*.dat")):
    (*starts, certified, _), squares, data, log, model = read(path)
    certified, data = np.array(certified, float), np.array(data, float)
    y = np.log(data[:, 0]) if log else data[:, 0]
    predictors = {"x": data[:, 1]} | {f"x{i}": data[:, i] for i in range(1, data.shape[1])}

    def residuals(b):
        return eval(model, FUNCTIONS | predictors | {f"b{i + 1}": x for i, x in enumerate(b)}) - y

    def jacobian(b):
        columns = []
        for i in range(len(b)):
            moved = np.array(b, complex)
            moved[i] += 1e-40j
            columns.append(residuals(moved).imag / 1e-40)
        return np.array(columns).T

    for number, start in enumerate(starts, 1):
        start = np.array(start, float)
        b, _, info, _, _ = leastsq(residuals, start, Dfun=jacobian, full_output=1, ftol=1e-15, xtol=1e-15, gtol=0, maxfev=5000)
        digits = min(11, max(0, -np.log10(max(abs(b / certified - 1).max(), 1e-15))))
        print(f"{path.stem:8} {number} {digits:4.1f} {info['nfev']:5} {np.sum(residuals(b) ** 2):.10e}", flush=True)
