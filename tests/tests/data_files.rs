//! Every file of `tests/data`: the keys and shapes that its README promises, finite entries, and one identity a file
//! that fails if rows and columns are swapped or two arrays do not belong together.

mod common;

use common::Npz;

/// Shapes of up to two dimensions; a scalar is `[]`.
type Entry<'a> = (&'a str, &'a [usize]);

const INTS: [&str; 9] =
    ["epoch_order", "flag", "krylov_dim", "x_iterations", "mlp_T", "rr_w_steps", "mlp_w_steps", "W_new_index", "ends"];

/// Opens a file and compares all that it holds with `expected`; entries that may be NaN are named in `gaps`.
fn checked(name: &str, expected: &[Entry<'_>], gaps: &[&str]) -> Npz {
    let file = Npz::open(name);
    let mut names: Vec<&str> = expected.iter().map(|e| e.0).collect();
    names.sort_unstable();
    assert_eq!(file.keys().collect::<Vec<_>>(), names, "{name}: keys");
    for &(key, shape) in expected {
        assert_eq!(file.shape(key), shape, "{name}, {key}: shape");
        assert_eq!(file.is_int(key), INTS.contains(&key), "{name}, {key}: type");
        let len: usize = shape.iter().product();
        if file.is_int(key) {
            assert_eq!(file.ints(key).len(), len, "{name}, {key}: length");
        } else {
            let (_, values) = file.f64s(key);
            assert_eq!(values.len(), len, "{name}, {key}: length");
            assert!(gaps.contains(&key) || values.iter().all(|x| x.is_finite()), "{name}, {key}: not finite");
        }
    }
    file
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn assert_close(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance * want.abs().max(1e-300), "{what}: {got:e} and {want:e}");
}

/// The surface that the regression targets sample.
fn peaks(x: f64, y: f64) -> f64 {
    3.0 * (1.0 - x).powi(2) * (-x * x - (y + 1.0).powi(2)).exp()
        - 10.0 * (x / 5.0 - x.powi(3) - y.powi(5)) * (-x * x - y * y).exp()
        - (-(x + 1.0).powi(2) - y * y).exp() / 3.0
}

#[test]
fn peaks_inputs() {
    let file = checked(
        "peaks_inputs.npz",
        &[
            ("Yt", &[2, 2000]),
            ("Ct", &[1, 2000]),
            ("theta0_antisym", &[976]),
            ("theta0_resnn", &[592]),
            ("W0", &[1, 9]),
            ("epoch_order", &[2000]),
        ],
        &[],
    );
    let ((_, points), (_, targets)) = (file.f64s("Yt"), file.f64s("Ct"));
    for (point, target) in points.chunks_exact(2).zip(targets) {
        assert!((peaks(point[0], point[1]) - target).abs() < 1e-13, "peaks at {point:?}");
    }
    let mut order = file.ints("epoch_order");
    order.sort_unstable();
    assert!(order.into_iter().eq(0..2000), "the epoch is a permutation");
}

#[test]
fn gauss_newton_runs() {
    let expected: [Entry<'_>; 16] = [
        ("theta", &[10, 592]),
        ("J_before", &[10]),
        ("grad_norm", &[10]),
        ("step_norm", &[10]),
        ("flag", &[10]),
        ("Delta_after", &[10]),
        ("rho", &[10]),
        ("pred", &[10]),
        ("krylov_dim", &[10]),
        ("krylov_relres", &[10]),
        ("W_start", &[9]),
        ("W_final", &[9]),
        ("J_start", &[]),
        ("J_final", &[]),
        ("F_final", &[]),
        ("noise", &[10]),
    ];
    let (_, theta0) = Npz::open("peaks_inputs.npz").f64s("theta0_resnn");
    for (name, flags) in [
        ("gnvpro_peaks.npz", [0, -2, -3, 2, 1, -3, 2, -2, -3, 2]),
        ("gnvpro_expand.npz", [0, -2, -3, 0, -2, -3, 0, 2, 2, 2]),
    ] {
        let file = checked(name, &expected, &[]);
        assert_eq!(file.ints("flag"), flags, "{name}");
        let (_, steps) = file.f64s("step_norm");
        let mut before = theta0.clone();
        for i in 0..10 {
            let after = file.row("theta", i);
            let moved: Vec<f64> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
            let step = if flags[i] > -2 { steps[i] } else { 0.0 };
            assert_close(&format!("{name}, step {i}"), norm(&moved), step, 1e-12);
            before = after;
        }
        let (_, objective) = file.f64s("J_before");
        assert_close(name, objective[0], file.scalar("J_start"), 1e-14);
        assert!(file.scalar("J_final") < objective[9], "{name}: the last step decreases");
    }
}

#[test]
fn stochastic_runs() {
    let (slim, adam) = (["Lambda", "sumLambda", "alphaW"], ["J", "F", "x_norm"]);
    for (name, iterations, n) in
        [("slim_resnn.npz", 100, 592), ("slim_antisym_const.npz", 50, 976), ("adam_resnn.npz", 100, 601)]
    {
        let (along, x, w) = ([iterations], [8, n], [iterations, 9]);
        let mut expected: Vec<Entry<'_>> = vec![("x_iterations", &[8]), ("x", &x), ("noise_x", &[8])];
        expected.extend(adam.map(|key| (key, &along[..])));
        if n != 601 {
            expected.extend(slim.map(|key| (key, &along[..])));
            expected.extend([("W", &w[..]), ("noise_W", &along[..])]);
        }
        let file = checked(name, &expected, &[]);
        let (_, norms) = file.f64s("x_norm");
        for (row, &i) in file.ints("x_iterations").iter().enumerate() {
            let i = usize::try_from(i).expect("an index");
            assert_close(&format!("{name}, |x| after {i}"), norm(&file.row("x", row)), norms[i], 1e-13);
        }
    }
}

#[test]
fn curveball_runs() {
    let tags: [(&str, usize, Option<[usize; 2]>); 7] = [
        ("rosen", 40, Some([40, 2])),
        ("rosens", 40, Some([40, 2])),
        ("rosenfix", 40, Some([40, 2])),
        ("rr", 60, Some([11, 96])),
        ("mlp", 40, Some([9, 605])),
        ("mlp10", 40, None),
        ("mlprelu", 40, None),
    ];
    let inputs: [Entry<'_>; 10] = [
        ("rosen_w0", &[2]),
        ("rosen_eps", &[40]),
        ("rr_w0", &[96]),
        ("rr_X", &[6, 1000]),
        ("rr_Y", &[10, 1000]),
        ("rr_w_steps", &[11]),
        ("mlp_w0", &[605]),
        ("mlp_X", &[20, 512]),
        ("mlp_T", &[512]),
        ("mlp_w_steps", &[9]),
    ];
    let suffixes =
        ["loss", "beta", "rho", "lam", "ratio", "nz", "nw", "noise_w", "noise_loss", "noise_beta", "noise_rho"];
    let mut owned: Vec<(String, Vec<usize>)> = Vec::new();
    for (tag, steps, weights) in tags {
        owned.extend(suffixes.map(|suffix| (format!("{tag}_{suffix}"), vec![steps])));
        owned.extend(weights.map(|shape| (format!("{tag}_w"), shape.to_vec())));
    }
    let mut expected = inputs.to_vec();
    expected.extend(owned.iter().map(|(key, shape)| (key.as_str(), shape.as_slice())));
    let gaps: Vec<&str> = expected.iter().map(|e| e.0).filter(|key| key.ends_with("_ratio")).collect();
    let file = checked("curveball.npz", &expected, &gaps);

    for (tag, steps, weights) in tags {
        let (_, ratio) = file.f64s(&format!("{tag}_ratio"));
        for (i, ratio) in ratio.iter().enumerate() {
            assert_eq!(ratio.is_finite(), i % 5 == 0 && tag != "rosenfix", "{tag}: ratio of step {i}");
        }
        let (_, norms) = file.f64s(&format!("{tag}_nw"));
        let Some([rows, _]) = weights else { continue };
        for row in 0..rows {
            let step = if rows == steps {
                row
            } else {
                usize::try_from(file.ints(&format!("{tag}_w_steps"))[row]).expect("index")
            };
            let what = format!("{tag}, |w| after step {step}");
            assert_close(&what, norm(&file.row(&format!("{tag}_w"), row)), norms[step], 1e-14);
        }
    }
    // Two linear layers 6-6-10, W2 before W1, column-major: the loss of the first step.
    let ((_, w), (_, x), (_, y)) = (file.f64s("rr_w0"), file.f64s("rr_X"), file.f64s("rr_Y"));
    let (w2, w1) = w.split_at(36);
    let mut loss = 0.0;
    for (x, y) in x.chunks_exact(6).zip(y.chunks_exact(10)) {
        let hidden: Vec<f64> = (0..6).map(|i| (0..6).map(|j| w2[i + 6 * j] * x[j]).sum()).collect();
        let residual = (0..10).map(|i| (0..6).map(|j| w1[i + 10 * j] * hidden[j]).sum::<f64>() - y[i]);
        loss += residual.map(|r| r * r).sum::<f64>() / 1000.0;
    }
    assert_close("rr, first loss", loss, file.f64s("rr_loss").1[0], 1e-13);
    assert!(file.ints("mlp_T").iter().all(|t| (0..5).contains(t)), "five labels");
}

#[test]
fn reduced_objectives() {
    for (name, n, samples, [targets, features], convex) in [
        ("varpro_softmax.npz", 312, 500, [5, 9], true),
        ("varpro_logistic.npz", 42, 800, [1, 3], true),
        ("varpro_regression.npz", 216, 60, [3, 9], false),
    ] {
        let (y, c, w, vector) = ([2, samples], [targets, samples], [targets, features], [n]);
        let mut expected: Vec<Entry<'_>> = vec![("Y", &y), ("C", &c), ("W", &w)];
        expected.extend(["theta0", "v1", "v2", "g", "Hv1", "Hv2"].map(|key| (key, &vector[..])));
        expected.extend(["alpha1", "alpha2", "Phi", "F", "inner_gradient_norm"].map(|key| (key, &[][..])));
        expected
            .extend(["noise_Phi", "noise_F", "noise_W", "noise_g", "noise_Hv1", "noise_Hv2"].map(|key| (key, &[][..])));
        if convex {
            expected.extend(["Hv1_without_dW", "Hv2_without_dW"].map(|key| (key, &vector[..])));
        }
        let file = checked(name, &expected, &[]);
        let penalty =
            |alpha: &str, key: &str| file.scalar(alpha) / 2.0 * file.f64s(key).1.iter().map(|x| x * x).sum::<f64>();
        let sum = file.scalar("F") + penalty("alpha1", "theta0") + penalty("alpha2", "W");
        assert_close(&format!("{name}: Phi"), sum, file.scalar("Phi"), 1e-14);
        // H is symmetric: <v1, H v2> = <v2, H v1>; and positive definite.
        let dot = |a: &str, b: &str| file.f64s(a).1.iter().zip(file.f64s(b).1).map(|(a, b)| a * b).sum::<f64>();
        let size = norm(&file.f64s("v1").1) * norm(&file.f64s("Hv2").1);
        assert!((dot("v1", "Hv2") - dot("v2", "Hv1")).abs() < 1e-14 * size, "{name}: symmetry");
        assert!(dot("v1", "Hv1") > 0.0 && dot("v2", "Hv2") > 0.0, "{name}: definite");
        if convex && targets > 1 {
            let one_hot = |c: &[f64]| c.iter().sum::<f64>() == 1.0 && c.iter().all(|&c| c == 0.0 || c == 1.0);
            assert!(file.f64s("C").1.chunks_exact(targets).all(one_hot), "{name}: one label a sample");
        }
    }
}

#[test]
fn krylov() {
    let noise =
        ["noise_Hbar", "noise_z", "noise_s", "noise_relres", "noise_lambdas", "noise_z_boundary", "noise_s_boundary"];
    let mut expected: Vec<Entry<'_>> = vec![
        ("A", &[30, 30]),
        ("b", &[30]),
        ("beta", &[]),
        ("Hbar", &[13, 12]),
        ("z", &[12]),
        ("s", &[30]),
        ("relres", &[]),
        ("radii", &[3]),
        ("lambdas", &[3]),
        ("z_boundary", &[12, 3]),
        ("s_boundary", &[30, 3]),
    ];
    expected.extend(noise.map(|key| (key, &[][..])));
    let file = checked("krylov.npz", &expected, &[]);
    let ((_, a), (_, b), (_, s), (_, hbar)) = (file.f64s("A"), file.f64s("b"), file.f64s("s"), file.f64s("Hbar"));
    for j in 0..12 {
        assert!(
            hbar[j + 1 + 13 * j] > 0.0 && hbar[j + 2 + 13 * j..13 * (j + 1)].iter().all(|&h| h == 0.0),
            "Hessenberg"
        );
    }
    let residual: Vec<f64> = (0..30).map(|i| (0..30).map(|j| a[i + 30 * j] * s[j]).sum::<f64>() - b[i]).collect();
    assert_close("relative residual", norm(&residual) / norm(&b), file.scalar("relres"), 1e-13);
    let ((_, radii), (_, boundary)) = (file.f64s("radii"), file.f64s("s_boundary"));
    for (radius, s) in radii.iter().zip(boundary.chunks_exact(30)) {
        assert_close("|s| on the boundary", norm(s), *radius, 1e-14);
    }
}

#[test]
fn tikhonov() {
    let noise = ["noise_residual2", "noise_trace", "noise_gcv", "noise_discrepancy", "noise_upre", "noise_W_new"];
    let mut expected: Vec<Entry<'_>> = vec![
        ("Z", &[9, 10]),
        ("C", &[3, 10]),
        ("M", &[9, 60]),
        ("W", &[3, 9]),
        ("sum_lambda", &[]),
        ("tau2", &[]),
        ("sigma2", &[]),
        ("W_new_index", &[3]),
        ("W_new_0", &[3, 9]),
        ("W_new_1", &[3, 9]),
        ("W_new_2", &[3, 9]),
    ];
    expected.extend(["lambdas", "residual2", "trace", "gcv", "discrepancy", "upre"].map(|key| (key, &[10][..])));
    expected.extend(noise.map(|key| (key, &[][..])));
    let file = checked("tikhonov.npz", &expected, &[]);
    let ((_, z), (_, c), (_, m)) = (file.f64s("Z"), file.f64s("C"), file.f64s("M"));
    assert_eq!(z, m[9 * 50..], "the batch is the newest block of the memory");
    assert!(m.chunks_exact(9).all(|column| column[8] == 1.0), "row of ones");
    let (_, residual2) = file.f64s("residual2");
    for (i, &chosen) in file.ints("W_new_index").iter().enumerate() {
        let (_, w) = file.f64s(&format!("W_new_{i}"));
        let mut sum = 0.0;
        for (z, c) in z.chunks_exact(9).zip(c.chunks_exact(3)) {
            for k in 0..3 {
                sum += ((0..9).map(|j| w[k + 3 * j] * z[j]).sum::<f64>() - c[k]).powi(2) / 10.0;
            }
        }
        assert_close(&format!("residual of W_new_{i}"), sum, residual2[usize::try_from(chosen).expect("index")], 1e-12);
    }
}

#[test]
fn lsqr() {
    let mut expected: Vec<(String, Vec<usize>)> = Vec::new();
    let (_, cases) = Npz::open("lsqr.npz").f64s("cases");
    for i in 0..24 {
        let (m, n) = (cases[i] as usize, cases[i + 24] as usize);
        for (key, len) in [("y", m), ("z", n), ("sigma", m.min(n)), ("b", m), ("x", n), ("var", n)] {
            expected.push((format!("{key}_{i}"), vec![len]));
        }
    }
    let mut entries: Vec<Entry<'_>> = vec![
        ("cases", &[24, 10]),
        ("ends", &[24, 2]),
        ("norms", &[24, 6]),
        ("noise", &[24]),
        ("noise_norms", &[24, 7]),
    ];
    entries.extend(expected.iter().map(|(key, shape)| (key.as_str(), shape.as_slice())));
    let file = checked("lsqr.npz", &entries, &[]);
    for i in 0..24 {
        assert_close("unit length", norm(&file.f64s(&format!("y_{i}")).1), 1.0, 1e-14);
        assert_close("unit length", norm(&file.f64s(&format!("z_{i}")).1), 1.0, 1e-14);
    }
}
