"""Checks tests/data/nist: each problem is solved again, from its certified parameters, in 60-digit arithmetic.

The model is the formula printed in the file, read as Python; so the files need no other source to be checked. Gauss-Newton
steps with central differences go on until nothing moves; then parameters, their standard deviations and the residual sum of
squares must round to the eleven certified digits.

    python3 check_nist.py        # prints a line a file, exit code 1 if one differs; python3, mpmath
"""
import pathlib
import re
import sys

import mpmath as mp

mp.mp.dps = 60
FUNCTIONS = {"exp": mp.exp, "cos": mp.cos, "sin": mp.sin, "arctan": mp.atan, "pi": mp.pi}


def read(path):
    lines = path.read_text().splitlines()
    rows = [line.split("=")[1].split() for line in lines if re.match(r"\s+b\d\s*=", line)]
    parameters = [[mp.mpf(x) for x in column] for column in zip(*rows)]  # two starts, values, deviations
    squares = mp.mpf(next(line for line in lines if line.startswith("Residual Sum of Squares")).split(":")[1])
    data = [[mp.mpf(x) for x in line.split()] for line in lines[60:] if line.strip()]
    start = next(i for i, line in enumerate(lines) if re.match(r"\s+(y|log\[y\])\s*=", line))
    text = " ".join(lines[start : next(i for i in range(start, 60) if lines[i].rstrip().endswith(" e")) + 1])
    left, right = text.replace("[", "(").replace("]", ")").rstrip(" e").rstrip(" +").split("=")
    right = re.sub(r"(?<![\w.])(\d*\.\d+)", r"mpf('\1')", right.strip())
    return parameters, squares, data, "log" in left, compile(right, path.name, "eval")


def check(path):
    (_, _, certified, deviations), squares, data, log, model = read(path)
    n = len(certified)

    def residuals(b):
        names = FUNCTIONS | {"mpf": mp.mpf} | {f"b{i + 1}": x for i, x in enumerate(b)}
        result = []
        for y, *x in data:
            names |= {"x": x[0]} | {f"x{i + 1}": value for i, value in enumerate(x)}
            result.append(eval(model, names) - (mp.log(y) if log else y))
        return mp.matrix(result)

    def jacobian(b):
        columns = []
        for i in range(n):
            h = abs(b[i]) * mp.mpf(10) ** -20
            up, down = ([*b[:i], b[i] + s * h, *b[i + 1 :]] for s in (1, -1))
            columns.append((residuals(up) - residuals(down)) / (2 * h))
        return mp.matrix([[column[k] for column in columns] for k in range(len(data))])

    b = list(certified)
    for _ in range(60):
        r, j = residuals(b), jacobian(b)
        step = mp.lu_solve(j.T * j, -(j.T * r))
        b = [x + s for x, s in zip(b, step)]
        if all(abs(s) <= abs(x) * mp.mpf(10) ** -18 for s, x in zip(step, b)):
            break
    r, j = residuals(b), jacobian(b)
    minimum = mp.fdot(r, r)
    inverse = (j.T * j) ** -1
    errors = [mp.sqrt(minimum / (len(data) - n) * inverse[i, i]) for i in range(n)]

    def digits(pairs):
        """Relative difference in units of the eleventh digit, the largest."""
        return max(abs(x - c) / mp.mpf(10) ** (mp.floor(mp.log10(abs(c))) - 10) for x, c in pairs)

    at_certified = mp.fdot(residuals(certified), residuals(certified))
    differences = [digits(zip(b, certified)), digits(zip(errors, deviations)), digits([(minimum, squares)])]
    good = all(d <= 0.501 for d in differences)
    print(f"{path.stem:9} n {len(data):3}  b {float(differences[0]):.2f}  deviations {float(differences[1]):.2f}  "
          f"squares {float(differences[2]):.2f}  at the certified parameters {float(at_certified / squares - 1):.0e}"
          f"{'' if good else '  DIFFERS'}", flush=True)
    return good


if __name__ == "__main__":
    files = sorted((pathlib.Path(__file__).parent / "nist").glob("*.dat"))
    print("Differences in units of the eleventh certified digit; last, the relative difference of the sum of squares.")
    results = [check(path) for path in files if len(sys.argv) < 2 or path.stem in sys.argv[1:]]
    sys.exit(not all(results))
