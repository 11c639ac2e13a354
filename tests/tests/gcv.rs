//! Minimisers of generalized cross-validation that others have published, and their digits by `tests/data/gcv_longley.py`.

use gaussling::DenseMatrix;
use gaussling_core::Portable;
use gaussling_core::linalg::{TikhonovChoiceStatus, TikhonovRule, TikhonovSolver, tikhonov_work_len};

/// J. W. Longley (1967): GNP deflator, GNP, unemployed, armed forces, population, year, employed; 1947 to 1962.
const LONGLEY: [[f64; 7]; 16] = [
    [83.0, 234.289, 235.6, 159.0, 107.608, 1947.0, 60.323],
    [88.5, 259.426, 232.5, 145.6, 108.632, 1948.0, 61.122],
    [88.2, 258.054, 368.2, 161.6, 109.773, 1949.0, 60.171],
    [89.5, 284.599, 335.1, 165.0, 110.929, 1950.0, 61.187],
    [96.2, 328.975, 209.9, 309.9, 112.075, 1951.0, 63.221],
    [98.1, 346.999, 193.2, 359.4, 113.270, 1952.0, 63.639],
    [99.0, 365.385, 187.0, 354.7, 115.094, 1953.0, 64.989],
    [100.0, 363.112, 357.8, 335.0, 116.219, 1954.0, 63.761],
    [101.2, 397.469, 290.4, 304.8, 117.388, 1955.0, 66.019],
    [104.6, 419.180, 282.2, 285.7, 118.734, 1956.0, 67.857],
    [108.4, 442.769, 293.6, 279.8, 120.445, 1957.0, 68.169],
    [110.8, 444.546, 468.1, 263.7, 121.950, 1958.0, 66.513],
    [112.6, 482.704, 381.3, 255.2, 123.366, 1959.0, 68.655],
    [114.2, 502.601, 393.1, 251.4, 125.368, 1960.0, 69.564],
    [115.7, 518.173, 480.6, 257.2, 127.852, 1961.0, 69.331],
    [116.9, 554.894, 400.7, 282.7, 130.081, 1962.0, 70.551],
];

/// λ² for a response and all others, as `lm.ridge` of R's package MASS has it: columns centered and of population deviation 1, the
/// response centered.
fn ridge_parameter(response: usize) -> f64 {
    let column = |j: usize| {
        let mean = LONGLEY.iter().map(|row| row[j]).sum::<f64>() / 16.0;
        LONGLEY.map(|row| row[j] - mean)
    };
    let predictors: Vec<[f64; 16]> = (0..7)
        .filter(|&j| j != response)
        .map(|j| {
            let x = column(j);
            let deviation = (x.iter().map(|x| x * x).sum::<f64>() / 16.0).sqrt();
            x.map(|x| x / deviation)
        })
        .collect();
    let a = DenseMatrix::from_fn(16, 6, |i, j| predictors[j][i]);
    let mut work = vec![0.0; tikhonov_work_len(16, 6)];
    let solver = TikhonovSolver::new(&Portable, a.view(), &column(response), &mut work).unwrap();
    let choice = solver.choose(TikhonovRule::Gcv).unwrap();
    assert_eq!(choice.status, TikhonovChoiceStatus::Converged);
    choice.lambda * choice.lambda
}

#[test]
fn longley_by_the_deflator() {
    let found = ridge_parameter(0);
    // The help of MASS: "smallest value of GCV at 0.006" on a grid of 0.001. A published script with 200 values from 1e-8 to 0.1: 0.005873,
    // which is the nearest but one of that grid, whose neighbours differ by a factor of 1.084.
    assert_eq!((found * 1000.0).round(), 6.0);
    assert!((found / 0.005_873).ln().abs() < 0.084, "{found}");
    assert!((found / 0.005_706_436_782_046_995 - 1.0).abs() < 1e-6, "{found}");
}

#[test]
fn longley_by_the_employed() {
    let found = ridge_parameter(6);
    assert!((found / 0.002_759_243_947_678_454 - 1.0).abs() < 1e-6, "{found}");
}
