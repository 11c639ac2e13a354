//! The tape itself: room, constants, overflow, nesting.

use super::{Mlp, Rosenbrock, numbers};
use crate::autodiff::{Dual, MultivariateFunction, Node, Tape, Var, gradient, gradient_reverse, hessian};
use crate::error::Error;
use crate::scalar::Real;
use std::vec;

/// Nodes that `f` takes at `x`, asked of a tape without any.
fn needed(f: &impl MultivariateFunction, x: &[f64]) -> usize {
    let tape = Tape::new(&mut []);
    let mut work = vec![Var::ZERO; x.len()];
    match gradient_reverse(f, x, &mut vec![0.0; x.len()], &tape, &mut work) {
        Err(Error::Workspace { what: "tape", needed, found: 0 }) => needed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn exactly_the_needed_nodes_work_and_one_less_is_an_error() {
    fn check(f: &impl MultivariateFunction, n: usize, expected: usize) {
        let x = numbers(n, 3);
        let needed = needed(f, &x);
        assert_eq!(needed, expected);
        let (mut g, mut work) = (vec![7.0; n], vec![Var::ZERO; n]);
        let mut nodes = vec![Node::EMPTY; needed];
        let (_, short) = nodes.split_at_mut(1);
        let tape = Tape::new(short);
        let refused = gradient_reverse(f, &x, &mut g, &tape, &mut work);
        assert_eq!(refused, Err(Error::Workspace { what: "tape", needed, found: needed - 1 }));
        assert_eq!((g.clone(), tape.len()), (vec![7.0; n], 0), "untouched, and the tape empty again");
        let mut work = vec![Var::ZERO; n];
        let tape = Tape::new(&mut nodes);
        // Twice: the tape is left ready for use.
        for _ in 0..2 {
            let value = gradient_reverse(f, &x, &mut g, &tape, &mut work).unwrap();
            assert_eq!(value, f.eval(&x), "values have the bits of the plain computation");
        }
    }
    // n variables; a term is a function of two of them and waits together with the sum for the next.
    check(&Rosenbrock, 2, 2 + 1);
    check(&Rosenbrock, 100, 100 + 99);
    // 13 variables; one a hidden unit and sample before the tanh, one after it; four losses wait by twos.
    check(&Mlp, 13, 13 + 4 * 3 * 2 + 1);
}

#[test]
fn constants_and_functions_of_one_argument_cost_no_node() {
    let mut nodes = [Node::EMPTY; 2];
    let tape = Tape::new(&mut nodes);
    let x = tape.variable(0.5_f64);
    let c = Var::from_f64(3.0) * Var::ONE + Var::EPSILON.sqrt();
    let y = c * (x * x + x.sin() / x - Var::ONE).exp().powf(c) - c / x;
    assert_eq!(tape.len(), 1);
    let z = y.hypot(tape.variable(1.0));
    assert_eq!(tape.len(), 2, "a function of two variables waits: {z:?}");
    let z = z * tape.variable(2.0);
    assert_eq!(tape.len(), 4, "asked for two more than there is room for: {z:?}");
    assert_eq!(tape.sweep(y), Err(Error::Workspace { what: "tape", needed: 4, found: 2 }));
}

#[test]
fn a_constant_has_no_derivative() {
    let mut nodes = [Node::EMPTY; 1];
    let tape = Tape::new(&mut nodes);
    let x = tape.variable(2.0);
    tape.sweep(x * x).unwrap();
    assert_eq!(tape.adjoint(x), 4.0);
    tape.sweep(Var::from_f64(5.0)).unwrap();
    assert_eq!((tape.adjoint(x), tape.adjoint(Var::ONE)), (0.0, 0.0));
    // ∞ · 0 does not arise: the square root of a constant zero has no slope to multiply.
    assert!(Var::<f64>::ZERO.sqrt().is_finite());
    tape.sweep(x + Var::<f64>::ZERO.sqrt()).unwrap();
    assert_eq!(tape.adjoint(x), 1.0);
}

/// y op= z is y = y op z, in value and slope.
#[test]
fn assignments_are_the_operations() {
    let mut nodes = [Node::EMPTY; 2];
    let tape = Tape::new(&mut nodes);
    let (x, four) = (tape.variable(3.0), Var::from_f64(4.0));
    let mut y = x;
    y += four; // x + 4
    y *= x; // x² + 4x
    y -= x; // x² + 3x
    y /= four;
    tape.sweep(y).unwrap();
    assert_eq!((y.primal(), tape.adjoint(x)), (4.5, 2.25));
}

#[test]
fn an_unused_branch_does_no_harm() {
    let mut nodes = [Node::EMPTY; 4];
    let tape = Tape::new(&mut nodes);
    let (x, y) = (tape.variable(0.0_f64), tape.variable(0.0));
    let bad = x.hypot(y);
    let unused = bad * tape.variable(1.0);
    let z = x + y;
    assert_eq!(tape.len(), 4, "{unused:?}");
    tape.sweep(z).unwrap();
    assert_eq!((tape.adjoint(x), tape.adjoint(y)), (1.0, 1.0));
    tape.sweep(bad).unwrap();
    assert!(tape.adjoint(x).is_nan());
}

#[test]
fn clear_forgets_record_overflow_and_adjoints() {
    let mut nodes = [Node::EMPTY; 2];
    let mut tape = Tape::new(&mut nodes);
    let (x, y, z) = (tape.variable(1.0), tape.variable(2.0), tape.variable(3.0));
    assert!(tape.sweep(x * y * z).is_err());
    assert_eq!((tape.len(), tape.capacity()), (4, 2));
    tape.clear();
    assert!(tape.is_empty());
    let x = tape.variable(3.0);
    tape.sweep(x * x).unwrap();
    assert_eq!(tape.adjoint(x), 6.0);
    // A second sweep starts from zero.
    tape.sweep(x * x).unwrap();
    assert_eq!(tape.adjoint(x), 6.0);
}

#[test]
fn weights_add_outputs() {
    let mut nodes = [Node::EMPTY; 4];
    let tape = Tape::new(&mut nodes);
    let (x, y) = (tape.variable(3.0), tape.variable(4.0));
    let outputs = [x * y, x + y, Var::ONE, x];
    tape.sweep_weighted(&outputs, &[1.0, 10.0, 5.0, 100.0]).unwrap();
    assert_eq!((tape.adjoint(x), tape.adjoint(y)), (114.0, 13.0));
    assert_eq!(tape.sweep_weighted(&outputs, &[1.0]), Err(Error::Length { what: "weights", expected: 4, found: 1 }));
}

#[test]
fn variables_of_two_tapes_are_refused() {
    let (mut first, mut second) = ([Node::EMPTY; 4], [Node::EMPTY; 4]);
    let (first, second) = (Tape::new(&mut first), Tape::new(&mut second));
    let (x, y) = (first.variable(1.0), second.variable(2.0));
    let refusal = Err(Error::InvalidOption { what: "all variables of a computation are of one tape" });
    assert_eq!((first.sweep(y), first.adjoint(y)), (refusal, 0.0));
    assert_eq!(first.sweep(x), Ok(()));
    let z = x * y;
    assert_eq!((first.sweep(z), second.sweep(y)), (refusal, refusal));
    assert_eq!(z.primal(), 2.0, "the value is right all the same");
}

/// Reverse over forward, forward over reverse and forward over forward give the same exact Hessian.
#[test]
fn nesting_gives_exact_hessians() {
    let x = [0.4, -1.2, 0.9];
    let (_, g, h) = hessian(&Rosenbrock, &x);
    for i in 0..3 {
        let mut direction = [0.0; 3];
        direction[i] = 1.0;
        let exact = Rosenbrock::hessian_times(&x, &direction);

        let mut nodes = [Node::EMPTY; 20];
        let tape = Tape::<Dual<f64, 1>>::new(&mut nodes);
        let v: [_; 3] = core::array::from_fn(|j| tape.variable(Dual { value: x[j], eps: [direction[j]] }));
        tape.sweep(Rosenbrock.eval(&v)).unwrap();

        let mut nodes = [Node::EMPTY; 40];
        let reverse = Tape::<f64>::new(&mut nodes);
        let base = x.map(|x| reverse.variable(x));
        let w: [_; 3] = core::array::from_fn(|j| Dual { value: base[j], eps: [Var::from_f64(direction[j])] });
        let [slope] = Rosenbrock.eval(&w).eps;
        reverse.sweep(slope).unwrap();

        for j in 0..3 {
            let adjoint = tape.adjoint(v[j]);
            assert!((adjoint.value - g[j]).abs() < 1e-12);
            for found in [adjoint.eps[0], reverse.adjoint(base[j]), h[i][j]] {
                assert!((found - exact[j]).abs() < 1e-12, "{found} {}", exact[j]);
            }
        }
    }
}

/// f = (x y)² at x = 0: the adjoint of x y is zero, but its derivative is not. ∇²f v = (2 y² v₁, 0).
#[test]
fn an_adjoint_of_zero_keeps_its_derivative() {
    let mut nodes = [Node::EMPTY; 3];
    let tape = Tape::<Dual<f64, 1>>::new(&mut nodes);
    let (x, y) = (tape.variable(Dual::variable(0.0, 0)), tape.variable(Dual::constant(3.0)));
    let product = x * y;
    tape.sweep(product * product).unwrap();
    assert_eq!((tape.adjoint(x).value, tape.adjoint(x).eps, tape.adjoint(y).eps), (0.0, [18.0], [0.0]));
}

/// A tape on a tape: the second derivative of x³ exp(x) by reverse over reverse.
#[test]
fn tapes_nest() {
    let (mut outer, mut inner) = ([Node::EMPTY; 8], [Node::EMPTY; 8]);
    let inner = Tape::<f64>::new(&mut inner);
    let outer = Tape::<Var<'_, f64>>::new(&mut outer);
    let base = inner.variable(0.7);
    let x = outer.variable(base);
    outer.sweep(x.powi(3) * x.exp()).unwrap();
    inner.sweep(outer.adjoint(x)).unwrap();
    let expected = (0.343 + 6.0 * 0.49 + 6.0 * 0.7) * libm::exp(0.7);
    assert!((inner.adjoint(base) - expected).abs() < 1e-14);
}

/// Every way in which two numbers of at most two nodes each can meet, made before and after other nodes.
#[test]
fn joins_of_any_nodes_agree_with_duals() {
    let x = [0.7, -1.3, 2.1, 0.4];
    fn terms<S: Real>(x: [S; 4]) -> [S; 9] {
        let [a, b, c, d] = x;
        let deep = a * b * c + d;
        [a, b, a * b, b * a, c * d, deep, deep * a, S::from_f64(3.0), deep * (b * c)]
    }
    fn pairs<S: Real>(x: [S; 4], i: usize, j: usize) -> S {
        let terms = terms(x);
        let (y, z) = (terms[i], terms[j]);
        (y * z - z / (y * y + S::ONE)) * (y + z) + y.hypot(z).powf(x[0])
    }
    for (i, j) in (0..81).map(|k| (k / 9, k % 9)) {
        let forward = pairs(core::array::from_fn(|k| Dual::<f64, 4>::variable(x[k], k)), i, j);
        let mut nodes = [Node::EMPTY; 40];
        let tape = Tape::new(&mut nodes);
        let variables = x.map(|x| tape.variable(x));
        let y = pairs(variables, i, j);
        tape.sweep(y).unwrap();
        assert_eq!(y.primal(), forward.value, "{i} {j}");
        for (variable, slope) in variables.into_iter().zip(forward.eps) {
            let found = tape.adjoint(variable);
            assert!((found - slope).abs() <= 64.0 * f64::EPSILON * slope.abs().max(1.0), "{i} {j}: {found} {slope}");
        }
    }
}

/// Variables made in the middle of a record have adjoints as those at its start.
#[test]
fn variables_may_come_late() {
    let mut nodes = [Node::EMPTY; 6];
    let mut tape = Tape::new(&mut nodes);
    for _ in 0..2 {
        let (x, y) = (tape.variable(2.0), tape.variable(3.0));
        let product = x * y * (x + y); // two numbers of the same nodes
        let z = tape.variable(5.0);
        let last = product * z + z;
        let w = tape.variable(7.0);
        tape.sweep(last * w).unwrap();
        assert_eq!([x, y, z, w].map(|v| tape.adjoint(v)), [735.0, 560.0, 217.0, 155.0]);
        tape.clear();
    }
}

#[test]
fn comparisons_look_at_values() {
    let mut nodes = [Node::EMPTY; 2];
    let tape = Tape::new(&mut nodes);
    let (x, y) = (tape.variable(1.0), tape.variable(2.0));
    assert!(x < y && x == Var::ONE && x != y && x.max(y) == y && !x.is_nan());
    assert!(x.is_finite() && !(x * Var::from_f64(f64::INFINITY)).is_finite());
    // The value or the slope alone.
    assert!(!(x + Var::from_f64(f64::INFINITY)).is_finite() && !(x - Var::ONE).sqrt().is_finite());
    assert_eq!(
        std::format!("{:?} {:?}", -x, Var::<f64>::ONE),
        "Var { value: -1.0, node: 0, slope: -1.0 } Var { value: 1.0 }"
    );
    assert_eq!(std::format!("{tape:?} {:?}", Node::<f64>::EMPTY), "Tape { len: 2, capacity: 2, .. } Node { .. }");
}

#[test]
fn tape_and_duals_agree() {
    fn check<const N: usize>(f: &impl MultivariateFunction, seed: u64) {
        let numbers = numbers(N, seed);
        let x: [f64; N] = core::array::from_fn(|i| numbers[i]);
        let (value, forward) = gradient(f, &x);
        let (mut reverse, mut work, mut nodes) = ([0.0; N], [Var::ZERO; N], vec![Node::EMPTY; 2000]);
        let tape = Tape::new(&mut nodes);
        assert_eq!(gradient_reverse(f, &x, &mut reverse, &tape, &mut work), Ok(value));
        for (a, b) in forward.iter().zip(reverse) {
            assert!((a - b).abs() <= 16.0 * f64::EPSILON * b.abs().max(100.0), "N = {N}, seed {seed}: {a} {b}");
        }
        let single = x.map(|x| x as f32);
        let (value, forward) = gradient(f, &single);
        let (mut reverse, mut work, mut nodes) = ([0.0; N], [Var::ZERO; N], vec![Node::EMPTY; 2000]);
        let tape = Tape::new(&mut nodes);
        assert_eq!(gradient_reverse(f, &single, &mut reverse, &tape, &mut work), Ok(value));
        for (a, b) in forward.iter().zip(reverse) {
            assert!((a - b).abs() <= 16.0 * f32::EPSILON * b.abs().max(100.0), "f32, N = {N}, seed {seed}: {a} {b}");
        }
    }
    for seed in 0..5 {
        check::<2>(&Rosenbrock, seed);
        check::<100>(&Rosenbrock, seed);
        check::<13>(&Mlp, seed);
    }
}
