//! Triangular systems.

use super::*;

/// |T x̂ − b| ≤ 2 n ε |T||x̂| row by row: what substitution promises, so no block is inverted. With a triangle that a computed inverse would spoil.
#[test]
fn triangular_solves_are_backward_stable_row_by_row() {
    fn check<T: Float>(scale: f64) {
        let mut numbers = Numbers(7);
        for n in [0, 1, 2, 3, 5, 10, 15, 16, 17, 31, 32, 33, 50, 64, 100, 131] {
            for p in [0, 1, 2, 3, 8, 9, 16, 35] {
                for triangle in [Triangle::Lower, Triangle::Upper] {
                    for layout in [Layout::Columns, Layout::Rows, Layout::Spread] {
                        let gap = numbers.below(3);
                        let (mut t, rows, cols) = stored::<T>(&mut numbers, n, n, layout, gap);
                        for i in 0..n {
                            for j in 0..n {
                                let at = i * rows + j * cols;
                                if i != j && (i < j) == (triangle == Triangle::Lower) {
                                    t[at] = T::from_f64(f64::NAN); // not read
                                } else if i == j {
                                    // From 1 down to 1e-3, some negative.
                                    t[at] = T::from_f64(
                                        10.0_f64.powi(-((i % 4) as i32)) * if i % 3 == 0 { -1.0 } else { 1.0 },
                                    );
                                } else {
                                    t[at] = t[at].scale(4.0 / n as f64);
                                }
                                t[at] = t[at].scale(scale);
                            }
                        }
                        let t = MatRef::with_strides(&t, n, n, rows, cols).unwrap();
                        let leading = n + gap;
                        let b = numbers.vector::<T>(leading * p);
                        for fast in others() {
                            let mut x = b.clone();
                            fast.solve_triangular(triangle, t, MatMut::with_leading(&mut x, n, p, leading).unwrap())
                                .unwrap();
                            for (x, b) in x.chunks(leading.max(1)).zip(b.chunks(leading.max(1))) {
                                for i in 0..n {
                                    let (from, to) = if triangle == Triangle::Lower { (0, i + 1) } else { (i, n) };
                                    let term = |j: usize| t.get(i, j).unwrap().value() * x[j].value();
                                    let residual = (from..to).map(term).sum::<f64>() - b[i].value();
                                    let size: f64 = (from..to).map(|j| term(j).abs()).sum();
                                    let bound = 2.0 * (n + 2) as f64 * T::EPSILON.value() * size;
                                    let context =
                                        format!("{:?} {triangle:?} n = {n}, p = {p}, {layout:?}, row {i}", fast.level);
                                    assert!(residual.abs() <= bound, "{context}: {residual:e}, bound {bound:e}");
                                }
                                assert!(x[n..] == b[n..], "written below the columns");
                            }
                        }
                    }
                }
            }
        }
    }
    check::<f64>(1.0);
    check::<f64>(1e150);
    check::<f64>(1e-150);
    check::<f32>(1.0);
}
