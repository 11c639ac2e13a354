"""GCV minimisers of ridge regression on Longley's data, to 25 digits: pip install mpmath; python3 gcv_longley.py

Data: J. W. Longley, "An appraisal of least squares programs for the electronic computer from the point of view of the user",
J. Amer. Statist. Assoc. 62 (1967), as distributed by NIST (StRD, linear regression) and with R.
Convention of lm.ridge in R's package MASS: columns centered and divided by their population deviation, the response centered,
GCV = RSS / (n - trace)^2 with n the number of rows, the ridge parameter is lambda^2 of ||A x - b||^2 + lambda^2 ||x||^2.
"""
from mpmath import mp, mpf, matrix, eigsy, findroot, diff, sqrt

mp.dps = 60
ROWS = """83.0 234.289 235.6 159.0 107.608 1947 60.323
88.5 259.426 232.5 145.6 108.632 1948 61.122
88.2 258.054 368.2 161.6 109.773 1949 60.171
89.5 284.599 335.1 165.0 110.929 1950 61.187
96.2 328.975 209.9 309.9 112.075 1951 63.221
98.1 346.999 193.2 359.4 113.270 1952 63.639
99.0 365.385 187.0 354.7 115.094 1953 64.989
100.0 363.112 357.8 335.0 116.219 1954 63.761
101.2 397.469 290.4 304.8 117.388 1955 66.019
104.6 419.180 282.2 285.7 118.734 1956 67.857
108.4 442.769 293.6 279.8 120.445 1957 68.169
110.8 444.546 468.1 263.7 121.950 1958 66.513
112.6 482.704 381.3 255.2 123.366 1959 68.655
114.2 502.601 393.1 251.4 125.368 1960 69.564
115.7 518.173 480.6 257.2 127.852 1961 69.331
116.9 554.894 400.7 282.7 130.081 1962 70.551"""
DATA = [[mpf(x) for x in row.split()] for row in ROWS.splitlines()]
N = len(DATA)


def centered(j, scale):
    column = [row[j] for row in DATA]
    mean = sum(column) / N
    column = [x - mean for x in column]
    deviation = sqrt(sum(x * x for x in column) / N) if scale else mpf(1)
    return [x / deviation for x in column]


def minimiser(response, guess):
    columns = [centered(j, True) for j in range(7) if j != response]
    y = centered(response, False)
    dot = lambda a, b: sum(p * q for p, q in zip(a, b))
    values, vectors = eigsy(matrix([[dot(a, b) for b in columns] for a in columns]))
    projected = [sum(vectors[i, k] * dot(columns[i], y) for i in range(6)) for k in range(6)]
    squares = [projected[k] ** 2 / values[k] for k in range(6)]
    rest = dot(y, y) - sum(squares)

    def gcv(log):
        t = mp.exp(log)
        shrunk = [t / (v + t) for v in values]
        return (rest + sum(s * s * q for s, q in zip(shrunk, squares))) / (N - sum(1 - s for s in shrunk)) ** 2

    return mp.exp(findroot(lambda log: diff(gcv, log), mp.log(mpf(guess))))


mp.pretty = True
print("GNP.deflator", mp.nstr(minimiser(0, 0.0057), 25))
print("Employed", mp.nstr(minimiser(6, 0.0028), 25))
