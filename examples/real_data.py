#!/usr/bin/env python3
"""All methods on real data, beside scikit-learn's MLP and PyTorch's Adam. What it printed stands in real_data.txt.

    cargo build --release
    pip install numpy scipy scikit-learn        # torch as well, where it can be had
    python3 examples/real_data.py --data FOLDER > examples/real_data.txt
    python3 examples/real_data.py --table examples/real_data.txt         # its test errors and seconds as the table of the README

FOLDER (or GAUSSLING_DATA) holds surrogate/CDR_Data.mat, surrogate/NNERDS.mat, uci/airfoil_self_noise.dat, uci/ENB2012_data.csv,
uci/optdigits.tra and .tes, cwru/feature_time_48k_2048_load_1.csv, hyperspectral/Samson.mat, mnist/ and fashion-mnist/ with the
four IDX files of each, gzipped. They are public and not part of the repository; sets that are missing are named and left out.

One split a set, kept for every program; three seeds of initial weights; one thread each, one run at a time. The peers get every
advantage of a careful user: inputs and targets standardized as ours are, the targets' scaling undone before scores are taken.
"""

import argparse
import csv
import json
import os
import re

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)  # OpenBLAS picks its kernels for this processor

import gzip
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

METHODS = ["gnvpro", "slimtrain", "curveball", "adam", "lbfgs"]


# --- the sets: (train, validation, test), each (inputs, targets), a sample a row; targets of classes are whole numbers ---


def cut(x, y, sizes, seed=0, classes=None):
    """A random split; with classes, in the same proportions for each."""
    rng = np.random.default_rng(seed)
    groups = [np.arange(len(x))] if classes is None else [np.flatnonzero(classes == c) for c in np.unique(classes)]
    parts = [[], [], []]
    for group in groups:
        group = rng.permutation(group)
        ends = np.round(np.cumsum(sizes) * len(group) / sum(sizes)).astype(int)
        for part, chosen in zip(parts, np.split(group, ends[:-1])):
            part.append(chosen)
    return [(x[i], y[i]) for i in (rng.permutation(np.concatenate(p)) for p in parts)]


def mat(path):
    from scipy.io import loadmat

    return loadmat(path)


def cdr(folder):
    m = mat(folder / "surrogate/CDR_Data.mat")
    return cut(m["Y"].T, m["C"].T, [400, 200, 200])


def nnerds(folder):
    m = mat(folder / "surrogate/NNERDS.mat")
    parts = [m[k].ravel().astype(int) - 1 for k in ("idtrain", "idval", "idtest")]
    return [(m["xall"][i], m["yall"][i]) for i in parts]


def airfoil(folder):
    t = np.loadtxt(folder / "uci/airfoil_self_noise.dat")
    return cut(t[:, :5], t[:, 5:], [50, 25, 25])


def energy(folder):
    t = np.loadtxt(folder / "uci/ENB2012_data.csv", delimiter=",", skiprows=1)
    return cut(t[:, :8], t[:, 8:], [50, 25, 25])


def optdigits(folder):
    a, b = (np.loadtxt(folder / f"uci/optdigits.{end}", delimiter=",", skiprows=1) for end in ("tra", "tes"))
    train, validation, _ = cut(a[:, :64], a[:, 64].astype(int), [80, 20, 0], classes=a[:, 64])
    return [train, validation, (b[:, :64], b[:, 64].astype(int))]


def cwru(folder):
    with open(folder / "cwru/feature_time_48k_2048_load_1.csv", newline="") as f:
        rows = list(csv.reader(f))[1:]
    x = np.array([row[:9] for row in rows], float)
    _, y = np.unique([row[9] for row in rows], return_inverse=True)
    return cut(x, y, [50, 25, 25], classes=y)


def samson(folder):
    m = mat(folder / "hyperspectral/Samson.mat")
    # Pixels of Y run down the columns of the image, as MATLAB's do.
    abundances = m["S_GT"].reshape(-1, 3, order="F")
    return cut(m["Y"].T, abundances, [50, 25, 25])


def images(name):
    def load(folder):
        def idx(file, offset):
            with gzip.open(folder / name / file) as f:
                return np.frombuffer(f.read(), np.uint8, offset=offset)

        def part(kind):
            y = idx(f"{kind}-labels-idx1-ubyte.gz", 8).astype(int)
            return idx(f"{kind}-images-idx3-ubyte.gz", 16).reshape(len(y), 784) / np.float32(255), y

        (x, y), test = part("train"), part("t10k")
        train, validation, _ = cut(x, y, [50, 10, 0], classes=y)
        return [train, validation, test]

    return load


SETS = {
    "CDR_Data": cdr,
    "NNERDS": nnerds,
    "airfoil": airfoil,
    "energy": energy,
    "optdigits": optdigits,
    "CWRU": cwru,
    "Samson": samson,
    "MNIST": images("mnist"),
    "Fashion-MNIST": images("fashion-mnist"),
}


# --- scores ---


def error(y, prediction):
    """Classes: share of wrong answers. Numbers: mean of |prediction - target|/|target| over samples, as gaussling has it."""
    if y.ndim == 1:
        return np.mean(y != prediction)
    length = np.linalg.norm(y, axis=1)
    return np.mean(np.linalg.norm(prediction.reshape(y.shape) - y, axis=1)[length > 0] / length[length > 0])


def scaled(parts):
    """Standardized parts, and how to undo what was done to the targets."""
    (x, y), *_ = parts
    mean, scale = x.mean(0), x.std(0)
    scale = np.where(scale > 0, scale, 1)
    xs = [(p[0] - mean) / scale for p in parts]
    if y.ndim == 1:
        return xs, [p[1] for p in parts], lambda z: z
    t_mean, t_scale = y.mean(0), y.std(0)
    t_scale = np.where(t_scale > 0, t_scale, 1)
    return xs, [(p[1] - t_mean) / t_scale for p in parts], lambda z: z.reshape(len(z), -1) * t_scale + t_mean


# --- the programs: each yields (name, weights, errors (runs x 3), seconds (runs)) ---


def save(parts, folder):
    files = []
    for name, (x, y) in zip(("train", "validation", "test"), parts):
        files.append(str(folder / f"{name}.npz"))
        np.savez(files[-1], x=x, y=y.astype(np.int64) if y.ndim == 1 else y)
    return files


def gaussling(program, parts, seeds, methods, extra):
    with tempfile.TemporaryDirectory() as folder:
        train, validation, test = save(parts, Path(folder))
        task = "classification" if parts[0][1].ndim == 1 else "regression"
        data = ["--inputs", "x", "--targets", "y", "--task", task, "--validation", validation, "--test", test]
        for method in methods:
            command = [program, "compare", train, *data, "--methods", method, "--seeds", str(seeds), "--threads", "1"]
            out = subprocess.run([*command, "--json", "--quiet", *extra], capture_output=True, text=True)
            if out.returncode:
                print(f"gaussling {method}: {out.stderr.strip()}")
                continue
            found = json.loads(out.stdout)
            errors = [[run[part]["error"] for part in ("training", "validation", "test")] for run in found["runs"]]
            yield method, found["weights"], errors, [run["seconds"] for run in found["runs"]]
        # What a user gets who chooses nothing.
        errors, seconds = [], []
        for seed in range(seeds):
            command = [program, "train", train, *data, "--seed", str(seed), "-o", f"{folder}/m.safetensors"]
            command += ["--threads", "1"]
            out = subprocess.run([*command, "--json", "--quiet"], capture_output=True, text=True)
            if out.returncode:
                print(f"gaussling train: {out.stderr.strip()}")
                return
            run = json.loads(out.stdout)
            errors.append([run[part]["error"] for part in ("training", "validation", "test")])
            seconds.append(run["seconds"])
        yield f"train ({run['method']})", run["weights"], errors, seconds


def sklearn(parts, seeds, solvers):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    xs, ys, undo = scaled(parts)
    kind = MLPClassifier if ys[0].ndim == 1 else MLPRegressor
    for solver in solvers:
        errors, seconds = [], []
        for seed in range(seeds):
            model = kind(solver=solver, random_state=seed)
            begin = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # L-BFGS says that 200 iterations were not enough
                model.fit(xs[0], ys[0].ravel() if ys[0].ndim == 2 and ys[0].shape[1] == 1 else ys[0])
            seconds.append(time.perf_counter() - begin)
            errors.append([error(p[1], undo(model.predict(x))) for p, x in zip(parts, xs)])
        weights = sum(w.size for w in model.coefs_) + sum(b.size for b in model.intercepts_)
        yield f"scikit-learn {solver}", weights, errors, seconds


def torch_adam(parts, seeds, epochs=200):
    """The network of scikit-learn's default by PyTorch's default Adam; the weights of the best validation loss."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)
    xs, ys, undo = scaled(parts)
    classes = ys[0].ndim == 1
    x = [torch.tensor(np.asarray(a), dtype=torch.float32) for a in xs]
    y = [torch.tensor(np.asarray(a), dtype=torch.int64 if classes else torch.float32) for a in ys]
    outputs = int(ys[0].max()) + 1 if classes else ys[0].shape[1]
    loss_of = torch.nn.CrossEntropyLoss() if classes else torch.nn.MSELoss()
    errors, seconds = [], []
    for seed in range(seeds):
        torch.manual_seed(seed)
        net = torch.nn.Sequential(
            torch.nn.Linear(x[0].shape[1], 100), torch.nn.ReLU(), torch.nn.Linear(100, outputs)
        )
        optimizer = torch.optim.Adam(net.parameters())
        n, best, kept, waited = len(x[0]), np.inf, None, 0
        begin = time.perf_counter()
        for _ in range(epochs):
            order = torch.randperm(n)
            for i in range(0, n, 200):
                rows = order[i : i + 200]
                optimizer.zero_grad()
                loss_of(net(x[0][rows]), y[0][rows]).backward()
                optimizer.step()
            with torch.no_grad():
                loss = loss_of(net(x[1]), y[1]).item()
            waited = 0 if loss < best else waited + 1
            if loss < best:
                best, kept = loss, {k: v.clone() for k, v in net.state_dict().items()}
            if waited >= 10:
                break
        seconds.append(time.perf_counter() - begin)
        net.load_state_dict(kept)
        with torch.no_grad():
            out = [net(a).numpy() for a in x]
        errors.append([error(p[1], o.argmax(1) if classes else undo(o)) for p, o in zip(parts, out)])
    yield "PyTorch Adam", sum(p.numel() for p in net.parameters()), errors, seconds


def table(path):
    """Markdown of what was printed before: test error in % and seconds, the least error of a set in bold."""
    rows, columns = {}, []
    for line in Path(path).read_text().splitlines():
        if match := re.match(r"([\w-]+): \d+ inputs", line):
            current = rows.setdefault(match[1], {})
        elif match := re.match(r"(\S.*?)  +\d+ +[\d.]+ +[\d.]+ +([\d.]+) ± [\d.]+ +([\d.]+)$", line):
            label = re.sub(r" \(\w+\)$", "", match[1])  # the method that `train` picked
            current[label] = float(match[2]), float(match[3])
            columns += [label] if label not in columns else []
    print("| | " + " | ".join(f"`{c}`" if c == "train" else c for c in columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, found in rows.items():
        least = min(error for error, _ in found.values())
        seconds = lambda t: f"{t:.2g} s" if t < 100 else f"{t:.0f} s"
        cell = lambda e, t: ("**{:.3g}**" if e == least else "{:.3g}").format(e) + f" ({seconds(t)})"
        print(f"| {name} | " + " | ".join(cell(*found[c]) if c in found else "–" for c in columns) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("GAUSSLING_DATA"), help="the folder of the data sets [GAUSSLING_DATA]")
    parser.add_argument("--program", default=str(Path(__file__).parents[1] / "target/release/gaussling"))
    parser.add_argument("--sets", default=",".join(SETS), help="names separated by commas")
    parser.add_argument("--methods", default=",".join(METHODS), help="of gaussling; empty: only what it does by default")
    parser.add_argument("--solvers", default="adam,lbfgs", help="of scikit-learn")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--options", default="", help="more options for `gaussling compare`")
    parser.add_argument("--table", metavar="FILE", help="print the README's table of what was kept in FILE, and end")
    arguments = parser.parse_args()
    if arguments.table:
        return table(arguments.table)
    if not arguments.data:
        sys.exit("real_data.py: no data; give --data FOLDER or set GAUSSLING_DATA (the head of this file says what it holds)")
    listed = lambda text: [part for part in text.split(",") if part]
    print(f"errors in %, mean ± standard deviation over {arguments.seeds} seeds; seconds of training, one thread")
    for name in listed(arguments.sets):
        try:
            parts = SETS[name](Path(arguments.data))
        except FileNotFoundError as e:
            print(f"\n{name}: left out, {e.filename} is missing")
            continue
        (x, y), validation, test = parts
        what = f"{len(np.unique(y))} classes" if y.ndim == 1 else f"{y.shape[1]} targets"
        print(f"\n{name}: {x.shape[1]} inputs, {what}, {len(x)}/{len(validation[0])}/{len(test[0])} samples")
        print(f"{'':<22}{'weights':>8}{'training':>12}{'validation':>12}{'test':>18}{'seconds':>10}", flush=True)
        methods = listed(arguments.methods)
        for rows in (
            gaussling(arguments.program, parts, arguments.seeds, methods, arguments.options.split()),
            sklearn(parts, arguments.seeds, listed(arguments.solvers)),
            torch_adam(parts, arguments.seeds),
        ):
            for label, weights, errors, seconds in rows:
                mean, deviation = 100 * np.mean(errors, 0), 100 * np.std(errors, 0, ddof=min(1, len(errors) - 1))
                print(
                    f"{label:<22}{weights:>8}{mean[0]:>12.3f}{mean[1]:>12.3f}{mean[2]:>10.3f} ± {deviation[2]:.3f}"
                    f"{np.mean(seconds):>10.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
