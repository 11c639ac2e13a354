//! The desktop's training loops allocate in their set-up and for a row of the history, not in their steps: a row takes what scores the
//! validation data, once an epoch or a step of a full-batch method. Three times the work takes as many allocations but for these, and for
//! the table, which grows by doubling.

use allocation_counter::measure;
use gaussling::DenseMatrix;
use gaussling::data::{Dataset, Sizes, split};
use gaussling::network::Sequential;
use gaussling::train::{Method, Options, Precision, Problem, train};

#[test]
fn steps_do_not() {
    let inputs = DenseMatrix::from_fn(2, 200, |i, j| ((j * (37 + 20 * i)) % 101) as f64 / 50.0 - 1.0);
    let targets = DenseMatrix::from_fn(1, 200, |_, j| 2.0 + (3.0 * inputs[(0, j)]).sin() * inputs[(1, j)]);
    let data = Dataset::from_matrices(inputs, targets).unwrap();
    let parts = split(data.samples(), Sizes::default(), 1, None).unwrap();
    let problem =
        Problem::new(&data, None, &parts, Sequential::parse("dense:8, antisym:8x2", 2).unwrap(), true).unwrap();
    for method in Method::ALL {
        for precision in [Precision::F64, Precision::F32] {
            let allocations = |work_units: f64| {
                let options = Options { work_units, precision, alpha_w: 1e-4, alpha_theta: 1e-4, ..Options::default() };
                let start = problem.initial_weights(&options, 0).unwrap();
                let run = || train(&problem, method, &options, 0, &start, &mut |_| true).unwrap();
                let rows = run().history.len() as u64;
                (rows, measure(|| drop(std::hint::black_box(run()))).count_total)
            };
            let ((few_rows, few), (many_rows, many)) = (allocations(60.0), allocations(180.0));
            println!("{method:?} {precision:?}: {few} for {few_rows} rows, {many} for {many_rows}");
            // The validation predictions' cache and workspace, and in single precision their copy in double.
            let each = if precision == Precision::F32 { 3 } else { 2 };
            assert!(
                many <= few + each * (many_rows - few_rows) + 8,
                "{method:?} {precision:?}: {few} allocations for {few_rows} rows, {many} for {many_rows}"
            );
        }
    }
}
