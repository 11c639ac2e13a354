"""The trust-region Gauss-Newton run of gnvpro_peaks.npz with an expansion that expands: every trial
step is computed from the Krylov solution that GMRES returned, so after a larger radius the step
is longer.  Needs peaks_inputs.npz; writes gnvpro_expand.npz.

usage: make_gnvpro_expand.py
"""
import os

os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
import numpy as np

import gnvpro_ref as gn
from inputs import save
from make_trajectories import here, perturbed, rel

D = np.load(here('peaks_inputs.npz')); D = {k: D[k] for k in D}
run = lambda th: gn.trust_region(gn.peaks_problem(D), th, 10, 20, 1e-2, expand=True)
K = run(D['theta0_resnn']); noise = np.zeros(10)
for seed in range(10):
    r = run(perturbed(D['theta0_resnn'], seed)); noise = np.maximum(noise, rel(K['theta'], r['theta']))
    assert (r['flag'] == K['flag']).all() and (r['krylov_dim'] == K['krylov_dim']).all()
K['noise'] = noise
for k in ('flag', 'krylov_dim', 'krylov_relres', 'J_before', 'step_norm', 'Delta_after', 'rho', 'noise'): print(f'{k:12s}', K[k])
# decisions must not hang on a rounding: distance of rho from the thresholds, of the Krylov residual from its tolerance
print('closest rho to a threshold', min(abs(K['rho'] - t).min() for t in (1e-4, .1, .75)), '| J_final', K['J_final'], 'F_final', K['F_final'])
K['flag'], K['krylov_dim'] = K['flag'].astype(np.int32), K['krylov_dim'].astype(np.int32)
save(here('gnvpro_expand.npz'), **K)
