//! Automatic differentiation against itself, on programs that the bytes describe.
//!
//! A program is a list of operations, each on two earlier results; the first results are the variables. Beside forward and
//! reverse mode of the library, a third one here: the slopes of each operation, collected backwards over its list. It also adds up the
//! moduli of all terms of a derivative: what rounding errors are relative to, whatever order the terms are added in.

use crate::input::Input;
use gaussling::core::autodiff::{
    MultivariateFunction, Node, Tape, Var, gradient, gradient_reverse, hessian, hessian_vector_product_reverse,
};
use gaussling::core::{Dual, Error, Real};

/// Variables of a program.
const VARIABLES: usize = 3;
/// Operations, most of which cost a node of the tape or none.
const LONGEST: usize = 20;
const NODES: usize = VARIABLES + 2 * LONGEST;
/// Error of a derivative, in units of ε times the operations times the sum of the moduli of its terms.
const LIMIT: f64 = 20.0;

#[derive(Clone, Copy, Debug)]
struct Operation {
    code: u8,
    arguments: [usize; 2],
    constant: f64,
}

#[derive(Debug)]
struct Program(Vec<Operation>);

/// Bytes: the number of operations, the variables, then the operations.
pub fn autodiff(bytes: &[u8]) {
    let mut input = Input(bytes);
    let length = 1 + input.size(LONGEST - 1);
    let x: Vec<f64> = input.elements(VARIABLES);
    let operation = |k: usize| {
        let code = input.byte() % CODES;
        let arguments = [input.size(VARIABLES + k - 1), input.size(VARIABLES + k - 1)];
        let constant = if matches!(code, 0..=2) { input.number() } else { 0.0 };
        Operation { code, arguments, constant }
    };
    let program = Program((0..length).map(operation).collect());
    run::<f64>(&program, &x);
    run::<f32>(&program, &x);
}

/// Codes of operations are below this.
const CODES: u8 = 48;

fn apply<T: Real>(operation: &Operation, a: T, b: T) -> T {
    match operation.code {
        0 => T::from_f64(operation.constant),
        1 => a.scale(operation.constant),
        2 => a.powf(T::from_f64(operation.constant)),
        3 => a.abs(),
        4 => a.sqrt(),
        5 => a.cbrt(),
        6 => a.exp(),
        7 => a.exp2(),
        8 => a.exp_m1(),
        9 => a.ln(),
        10 => a.ln_1p(),
        11 => a.log2(),
        12 => a.log10(),
        13 => a.sin(),
        14 => a.cos(),
        15 => a.tan(),
        16 => a.asin(),
        17 => a.acos(),
        18 => a.atan(),
        19 => a.sinh(),
        20 => a.cosh(),
        21 => a.tanh(),
        22 => a.sigmoid(),
        23 => a.softplus(),
        24 => a.asinh(),
        25 => a.acosh(),
        26 => a.atanh(),
        27 => a.erf(),
        28 => a.powi(2),
        29 => a.powi(3),
        30 => a.powi(-1),
        31 => a.powi(0),
        32 => a.powf(b),
        33 => a.atan2(b),
        34 => a.hypot(b),
        35 => a.max(b),
        36 => a.min(b),
        37 => a.copysign(b),
        38 => a.signum(),
        39 => a.recip(),
        40 => -a,
        41 => a.powi(i32::MIN),
        42 | 43 => a + b,
        44 => a - b,
        45 | 46 => a * b,
        _ => a / b,
    }
}

impl Program {
    /// All results, the variables first.
    fn results<T: Real>(&self, x: &[T]) -> Vec<T> {
        let mut results = x.to_vec();
        for operation in &self.0 {
            let [a, b] = operation.arguments.map(|at| results[at]);
            results.push(apply(operation, a, b));
        }
        results
    }
}

impl Program {
    /// Second derivatives of xᵖ, of the angle and of the length are differences whose terms are not known here. (And where x ≤ 0
    /// the derivative of xᵖ in p is taken as 0, but not that of its derivative in x.)
    fn has_hidden_terms(&self) -> bool {
        self.0.iter().any(|operation| matches!(operation.code, 2 | 32..=34))
    }
}

impl MultivariateFunction for Program {
    fn eval<T: Real>(&self, x: &[T]) -> T {
        self.results(x).last().copied().unwrap_or(T::ZERO)
    }
}

/// The same bits, or both NaN.
fn same<T: Real>(a: T, b: T) -> bool {
    a.value().to_bits() == b.value().to_bits() || a.is_nan() && b.is_nan()
}

fn run<T: Real>(program: &Program, x: &[f64]) {
    let x: [T; VARIABLES] = std::array::from_fn(|i| T::from_f64(x[i]));
    let results = program.results(&x);
    // Of either argument: the derivative has the product of both signs.
    let takes_sign_of_nan = |operation: &Operation| {
        operation.code == 37 && operation.arguments.iter().any(|&argument| results[argument].is_nan())
    };
    if program.0.iter().any(takes_sign_of_nan) {
        return; // which sign a NaN has is not defined, so nor is what takes it over
    }
    let plain = program.eval(&x);
    let (value, forward) = gradient(program, &x);
    assert!(same(plain, value), "duals change the value {plain:?} to {value:?}");

    let mut nodes = [Node::EMPTY; NODES];
    let tape = Tape::new(&mut nodes);
    let (mut work, mut reverse) = ([Var::ZERO; VARIABLES], [T::ONE; VARIABLES]);
    let value = gradient_reverse(program, &x, &mut reverse, &tape, &mut work).expect("the tape is long enough");
    assert!(same(plain, value), "the tape changes the value {plain:?} to {value:?}");
    a_short_tape_says_so(program, &x, plain);

    let (value, gradient, second) = hessian(program, &x);
    assert!(same(plain, value), "nested duals change the value {plain:?} to {value:?}");
    for i in 0..VARIABLES {
        assert!(same(gradient[i], forward[i]), "nested duals: {:?} for {:?}, {program:?}", gradient[i], forward[i]);
    }

    let Some(terms) = Terms::of(program, &x) else { return };
    let unit = LIMIT * (program.0.len() + 1) as f64 * T::EPSILON.value();
    let tiny = terms.underflow::<T>();
    for i in 0..VARIABLES {
        let bound = unit * (terms.moduli[i] + tiny);
        for (mode, found) in [("forward", forward[i]), ("reverse", reverse[i])] {
            let error = (found.value() - terms.gradient[i]).abs();
            let expected = terms.gradient[i];
            assert!(error <= bound, "{mode}, {i}: {found:?} for {expected:e} ± {bound:e} at {x:?}");
        }
    }
    second_order(program, &x, &second, &terms);
}

/// On a tape that is too short values stay right and the error names what is needed.
fn a_short_tape_says_so<T: Real>(program: &Program, x: &[T; VARIABLES], plain: T) {
    let mut nodes = [Node::EMPTY; VARIABLES + 1];
    let tape = Tape::new(&mut nodes);
    let (mut work, mut gradient) = ([Var::ZERO; VARIABLES], [T::ONE; VARIABLES]);
    match gradient_reverse(program, x, &mut gradient, &tape, &mut work) {
        Ok(value) => assert!(same(value, plain)),
        Err(Error::Workspace { needed, .. }) => {
            assert!(needed > VARIABLES + 1 && needed <= NODES && gradient.iter().all(|g| g.value() == 1.0));
        }
        Err(error) => panic!("{error:?}"),
    }
}

/// The derivatives by the list of operations.
struct Terms {
    gradient: [f64; VARIABLES],
    /// The sum of the moduli of the terms of each derivative.
    moduli: [f64; VARIABLES],
    /// The sum of the moduli of the terms of each second derivative.
    second_moduli: [[f64; VARIABLES]; VARIABLES],
    /// The largest of what a rounding error somewhere on the way can be multiplied by.
    gain: f64,
}

type Second<T> = Dual<Dual<T, 2>, 2>;

impl Terms {
    /// `None` where a slope on the way, or a product of them, is not finite.
    fn of<T: Real>(program: &Program, x: &[T; VARIABLES]) -> Option<Self> {
        let results = program.results(x);
        // Slopes and second derivatives of each operation by itself.
        let slopes: Vec<([f64; 2], [[f64; 2]; 2])> = program.0.iter().map(|op| Self::slopes(op, &results)).collect();
        let last = results.len() - 1;
        let (mut adjoints, mut sizes) = (vec![0.0; results.len()], vec![0.0_f64; results.len()]);
        (adjoints[last], sizes[last]) = (1.0, 1.0);
        for (k, operation) in program.0.iter().enumerate().rev() {
            for (&at, slope) in operation.arguments.iter().zip(slopes[k].0) {
                if slope != 0.0 {
                    adjoints[at] += slope * adjoints[VARIABLES + k];
                    sizes[at] += slope.abs() * sizes[VARIABLES + k];
                }
            }
        }
        // The moduli forwards, of first and second derivatives.
        let unit = |i: usize| std::array::from_fn(|j| if i == j { 1.0 } else { 0.0 });
        let mut first: Vec<[f64; VARIABLES]> = (0..VARIABLES).map(unit).collect();
        let mut second = vec![[[0.0; VARIABLES]; VARIABLES]; VARIABLES];
        for (operation, (slope, curvature)) in program.0.iter().zip(&slopes) {
            let at = operation.arguments;
            let sum = |i: usize| (0..2).map(|p| slope[p].abs() * first[at[p]][i]).sum::<f64>();
            let sum_of_second = |i: usize, j: usize| {
                let bent = |p: usize, q: usize| curvature[p][q].abs() * first[at[p]][i] * first[at[q]][j];
                let straight = (0..2).map(|p| slope[p].abs() * second[at[p]][i][j]).sum::<f64>();
                straight + (0..2).flat_map(|p| (0..2).map(move |q| (p, q))).map(|(p, q)| bent(p, q)).sum::<f64>()
            };
            let next =
                (std::array::from_fn(sum), std::array::from_fn(|i| std::array::from_fn(|j| sum_of_second(i, j))));
            first.push(next.0);
            second.push(next.1);
        }
        let most_first = first.iter().flatten().fold(0.0_f64, |most, x| most.max(*x));
        let most_second = second.iter().flatten().flatten().fold(0.0_f64, |most, x| most.max(*x));
        let most_size = sizes.iter().fold(0.0_f64, |most, x| most.max(*x));
        let known = slopes.iter().all(|(first, _)| first.iter().all(|slope| slope.is_finite()));
        let largest = T::MAX.value().sqrt();
        // NaN is not less.
        let in_range = first.iter().flatten().chain(&sizes).all(|x| *x < largest);
        // Rules of second derivatives may square or double what they are given.
        let small = results.iter().all(|x| x.value().abs() < largest);
        let bent = small && second.iter().flatten().flatten().all(|x| *x < largest);
        let gain = if bent { (1.0 + most_first + most_second) * (1.0 + most_size) } else { f64::INFINITY };
        let moduli = first[last];
        (known && in_range).then(|| Self {
            gradient: std::array::from_fn(|i| adjoints[i]),
            moduli,
            second_moduli: second[last],
            gain,
        })
    }

    fn slopes<T: Real>(operation: &Operation, results: &[T]) -> ([f64; 2], [[f64; 2]; 2]) {
        let [a, b] = operation.arguments.map(|at| results[at]);
        let variable = |value: T, i: usize| Second::<T>::variable(Dual::variable(value, i), i);
        let y = apply(operation, variable(a, 0), variable(b, 1));
        let first = y.value.eps.map(Real::value);
        (first, y.eps.map(|row| row.eps.map(Real::value)))
    }

    /// What underflow somewhere on the way can leave, in units of ε.
    fn underflow<T: Real>(&self) -> f64 {
        T::MIN_POSITIVE.value() * self.gain
    }
}

/// ∇²f v in reverse mode and the Hessian by nested duals.
fn second_order<T: Real>(program: &Program, x: &[T; VARIABLES], second: &[[T; VARIABLES]; VARIABLES], terms: &Terms) {
    if terms.gain > T::MAX.value().sqrt() || program.has_hidden_terms() {
        return;
    }
    let v: [T; VARIABLES] = std::array::from_fn(|i| T::from_f64([1.0, -0.5, 2.0][i]));
    let mut nodes = [Node::EMPTY; NODES];
    let tape = Tape::new(&mut nodes);
    let (mut work, mut gradient, mut product) = ([Var::ZERO; VARIABLES], [T::ZERO; VARIABLES], [T::ZERO; VARIABLES]);
    hessian_vector_product_reverse(program, x, &v, &mut gradient, &mut product, &tape, &mut work)
        .expect("the tape is long enough");
    let unit = LIMIT * (program.0.len() + 1) as f64 * T::EPSILON.value();
    for i in 0..VARIABLES {
        let sum = |of: &dyn Fn(usize) -> f64| (0..VARIABLES).map(of).sum::<f64>();
        let expected = sum(&|j| second[i][j].value() * v[j].value());
        let size = sum(&|j| terms.second_moduli[i][j].max(terms.second_moduli[j][i]) * v[j].value().abs());
        let bound = unit * (size + terms.underflow::<T>());
        let error = (product[i].value() - expected).abs();
        assert!(
            error <= bound,
            "second order, {i}: {:?} for {expected:e} ± {bound:e} at {x:?}, {program:?}",
            product[i]
        );
        for j in 0..i {
            let error = (second[i][j].value() - second[j][i].value()).abs();
            let bound = unit * (terms.second_moduli[i][j] + terms.second_moduli[j][i] + terms.underflow::<T>());
            assert!(error <= bound, "the Hessian is not symmetric: {second:?} at {x:?}, {program:?}");
        }
    }
}
