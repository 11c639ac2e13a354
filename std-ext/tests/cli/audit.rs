//! `gaussling audit`

use super::Folder;
use serde_json::Value;

#[test]
fn everything_is_measured_and_within_its_limits() {
    let ran = Folder::new("audit").run("audit --json -q");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let audit: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(audit["passes"], true);
    assert!(audit["compiler"].as_str().unwrap().starts_with("rustc 1."), "{}", audit["compiler"]);
    let checks = audit["checks"].as_array().unwrap();
    let of = |part: &str| checks.iter().filter(|check| check["part"] == part).collect::<Vec<_>>();
    // 18 routines by two kernels in two precisions; 24 functions in two; two numbers of 21 derivatives.
    let parts = ["residuals", "hostile input", "functions", "derivatives", "reproducibility"];
    assert_eq!(parts.map(|part| of(part).len()), [72, 72, 48, 42, 4]);
    assert_eq!(checks.len(), 238);
    // Nothing is measured by nothing, and the errors of rounding are there.
    for check in checks {
        assert!(check["trials"].as_u64().unwrap() > 0 && check["worst"].as_f64().unwrap() >= 0.0, "{check}");
    }
    for check in of("residuals") {
        let details = check["details"].as_array().unwrap();
        assert!(details.len() == 33 && check["worst"].as_f64().unwrap() > 0.05, "{check}");
    }
    // The page is on standard error then.
    let page = &ran.err;
    assert!(page.contains("238 numbers, all within their limits"), "{page}");
    assert!(["qr_pivoted", "Krylov", "softplus", "antisym:4", "CurveBall, 300 steps"].iter().all(|x| page.contains(x)));
}
