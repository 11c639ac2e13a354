"""Cut the long reference trajectories down to the files shipped here, and measure how far two
implementations and two roundings may differ.

usage: make_trajectories.py REFERENCE_DIR

REFERENCE_DIR holds the full files: peaks_regression_inputs, gnvpro_peaks_reg_kat,
peaks_slim_resnn_b10_m5_kat, peaks_slim_antisym_const_kat, peaks_adam_resnn_b10_kat (all from the
authors' MATLAB package under GNU Octave) and curveball_kat (from curveball_ref.py).
"""
import os
import sys

os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
import numpy as np

import curveball_ref as cb
import gnvpro_ref as gn
from inputs import save

HERE = os.path.dirname(os.path.abspath(__file__))
REPEATS = 5                                                      # perturbed runs per noise figure


def here(name): return os.path.join(HERE, name)
def rel(a, b): return np.abs(a - b).max(-1) / np.abs(a).max(-1)   # per row, relative to the largest entry


def perturbed(th, seed): return th * (1 + 1e-14 * np.random.default_rng(seed).standard_normal(th.shape))


def peaks_inputs(ref):
    D = dict(np.load(f'{ref}/peaks_regression_inputs.npz'))
    D = {k: D[k] for k in ('Yt', 'Ct', 'theta0_antisym', 'theta0_resnn', 'W0')} | {'epoch_order': D['epoch_order'][0]}
    save(here('peaks_inputs.npz'), **D)
    return D


def gnvpro(ref, D):
    K = dict(np.load(f'{ref}/gnvpro_peaks_reg_kat.npz'))
    K['krylov_dim'], K['krylov_relres'] = K.pop('gmres_its'), K.pop('gmres_relres'); del K['octave_seconds']
    run = lambda th: gn.trust_region(gn.peaks_problem(D), th, 10, 20, 1e-2, expand=False)
    base = run(D['theta0_resnn']); noise = np.zeros(10)
    for seed in range(REPEATS):
        r = run(perturbed(D['theta0_resnn'], seed)); noise = np.maximum(noise, rel(base['theta'], r['theta']))
        assert (r['flag'] == K['flag']).all()
    K['noise'] = noise
    assert (base['flag'] == K['flag']).all() and (base['krylov_dim'] == K['krylov_dim']).all()
    print('gnvpro_peaks   theta: this program against Octave', ' '.join(f'{x:.1e}' for x in rel(K['theta'], base['theta'])))
    print('gnvpro_peaks   theta: noise                       ', ' '.join(f'{x:.1e}' for x in noise))
    for k in ('J_before', 'grad_norm', 'step_norm', 'Delta_after', 'rho', 'pred', 'W_start', 'W_final', 'J_final', 'F_final'):
        print(f'   {k:12s} largest relative difference from Octave {np.max(np.abs(base[k] - K[k]) / np.abs(K[k])):.1e}')
    save(here('gnvpro_peaks.npz'), **K)


def stochastic(ref, D, source, name, kind, mode, mem, alphaW, iterations, keep):
    K = dict(np.load(f'{ref}/{source}')); del K['octave_seconds']
    net = gn.peaks_net(kind); th0 = D[f'theta0_{kind}']

    def run(th):
        log = []
        gn.train(net, gn.peaks_reg(net), D['Yt'], D['Ct'], th, D['W0'], [D['epoch_order']], 10, 1e-3, mode, mem, alphaW, iterations, log)
        return {k: np.array([e[k] for e in log]) for k in log[0]}
    base = run(th0); rows = [int(np.flatnonzero(K['x_iterations'] == i)[0]) for i in keep]
    K['x'], K['x_iterations'] = K['x'][rows], K['x_iterations'][rows]
    noise_x = np.zeros(len(rows)); noise_w = np.zeros(iterations)
    for seed in range(REPEATS):
        r = run(perturbed(th0, seed)); noise_x = np.maximum(noise_x, rel(base['x'], r['x'])[keep]); noise_w = np.maximum(noise_w, rel(base['W'], r['W']))
        assert mode == 'adam' or np.allclose(r['Lambda'], base['Lambda'], rtol=1e-12, atol=0)      # the same choices
    K['noise_x'] = noise_x
    print(f'{name:14s} x at {keep}: against Octave', ' '.join(f'{x:.0e}' for x in rel(K['x'], base['x'][keep])), '| noise', ' '.join(f'{x:.0e}' for x in noise_x))
    assert np.allclose(K['x_norm'], np.linalg.norm(base['x'], axis=1), rtol=1e-9)
    if mode != 'adam':
        K['noise_W'] = noise_w
        print('   W: against Octave, max', f'{rel(K["W"], base["W"]).max():.0e}', '| noise, max', f'{noise_w.max():.0e}')
        print('   Lambda: max rel. difference', f'{np.max(np.abs(K["Lambda"] / base["Lambda"] - 1)):.0e}',
              'sumLambda', f'{np.max(np.abs(K["sumLambda"] / base["sumLambda"] - 1)):.0e}')
    print('   J, F:', ' '.join(f'{np.max(np.abs(K[k] / base[k] - 1)):.0e}' for k in 'JF'))
    save(here(f'{name}.npz'), **K)


def curveball(ref):
    K = dict(np.load(f'{ref}/curveball_kat.npz'))
    mlp = lambda act: cb.MLP([20, 16, 12, 5], act)
    part = lambda t: (K['mlp_X'][:, (64 * t) % 512:(64 * t) % 512 + 64], K['mlp_T'][(64 * t) % 512:(64 * t) % 512 + 64])
    setups = {
        'rosen': (cb.Rosenbrock, cb.SumSq, 'rosen_w0', {}, lambda t: (1.0, 0.0), None),
        'rosens': (cb.Rosenbrock, cb.SumSq, 'rosen_w0', {}, lambda t: (K['rosen_eps'][t], 0.0), None),
        'rosenfix': (cb.Rosenbrock, cb.SumSq, 'rosen_w0', dict(rho=.9, beta=1e-3), lambda t: (1.0, 0.0), None),
        'rr': (lambda: cb.MLP([6, 6, 10], 'linear', False), cb.SumSq, 'rr_w0', {}, lambda t: (K['rr_X'], K['rr_Y']), 60),
        'mlp': (lambda: mlp('tanh'), cb.SoftmaxCE, 'mlp_w0', {}, part, 40),
        'mlp10': (lambda: mlp('tanh'), cb.SoftmaxCE, 'mlp_w0', dict(lam=10.0), part, None),
        'mlprelu': (lambda: mlp('relu'), cb.SoftmaxCE, 'mlp_w0', {}, part, None)}
    out = {k: K[k] for k in ('rosen_w0', 'rosen_eps', 'rr_w0', 'rr_X', 'rr_Y', 'mlp_w0', 'mlp_X', 'mlp_T')}
    scalars = ('loss', 'beta', 'rho', 'lam', 'ratio', 'nz', 'nw')
    for tag, (model, loss, w0, options, batch, long) in setups.items():
        steps = len(K[f'{tag}_loss'])

        def run(w):
            o = cb.CurveBall(model(), loss(), w, **options); logs = []; ws = []
            for t in range(steps): logs.append(o.step(*batch(t))); ws.append(o.w)
            return {k: np.array([e[k] for e in logs], float) for k in scalars} | {'w': np.array(ws)}
        base = run(K[w0]); noise = {k: np.zeros(steps) for k in ('w', 'loss', 'beta', 'rho')}
        for seed in range(REPEATS):
            r = run(perturbed(K[w0], seed)); assert (r['lam'] == base['lam']).all()
            for k in noise: noise[k] = np.maximum(noise[k], rel(base[k], r[k]) if k == 'w' else np.abs(r[k] - base[k]) / (np.abs(base[k]) + 1e-300))
        worst = max(np.abs(base[k] - K[f'{tag}_{k}']).max() for k in scalars if k != 'ratio')
        print(f'curveball {tag:9s} noise in w at steps 0, 9, 19, last:', ' '.join(f'{noise["w"][i]:.0e}' for i in (0, 9, 19, steps - 1)),
              '| largest in loss, beta, rho:', ' '.join(f'{noise[k].max():.0e}' for k in ('loss', 'beta', 'rho')),
              f'| rerun differs by {worst:.0e} ')
        out |= {f'{tag}_{k}': K[f'{tag}_{k}'] for k in scalars}
        out |= {f'{tag}_noise_{k}': x for k, x in noise.items()}
        if tag in ('rosen', 'rosens', 'rosenfix'): out[f'{tag}_w'] = K[f'{tag}_w']
        if long:
            i = np.unique(np.r_[0:5, 9:steps:10, steps - 1]); out[f'{tag}_w_steps'] = i.astype(np.int32); out[f'{tag}_w'] = K[f'{tag}_w'][i]
    save(here('curveball.npz'), **out)


if __name__ == '__main__':
    ref = sys.argv[1]
    D = peaks_inputs(ref)
    gnvpro(ref, D)
    keep = [0, 1, 2, 4, 9, 39, 79, 99]
    stochastic(ref, D, 'peaks_slim_resnn_b10_m5_kat.npz', 'slim_resnn', 'resnn', 'trialPoints', 5, 1e-3, 100, keep)
    stochastic(ref, D, 'peaks_slim_antisym_const_kat.npz', 'slim_antisym_const', 'antisym', 'constant', 5, 1e-3, 50, [0, 1, 2, 4, 9, 19, 39, 49])
    stochastic(ref, D, 'peaks_adam_resnn_b10_kat.npz', 'adam_resnn', 'resnn', 'adam', 0, 1.0, 100, keep)
    curveball(ref)
