//! An audit as a page of text, and as JSON.

use super::{Audit, Check, Detail};
use serde_json::{Value, json};
use std::fmt;

impl Audit {
    /// The checks of a part.
    fn part<'a>(&'a self, part: &'a str) -> impl Iterator<Item = &'a Check> {
        self.checks.iter().filter(move |check| check.part == part)
    }

    /// The names of a part, each once, in order.
    fn names<'a>(&'a self, part: &'a str) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for check in self.part(part) {
            if names.last() != Some(&check.name.as_str()) && !names.contains(&check.name.as_str()) {
                names.push(&check.name);
            }
        }
        names
    }

    /// Everything that was measured.
    pub fn to_json(&self) -> Value {
        let detail =
            |d: &Detail| json!({ "kind": d.kind, "exponent": d.exponent, "worst": d.worst, "trials": d.trials });
        let check = |c: &Check| {
            json!({
                "part": c.part,
                "name": c.name,
                "measure": c.measure,
                "precision": c.precision,
                "backend": c.backend,
                "worst": c.worst,
                "limit": c.limit,
                "passes": c.passes(),
                "at": c.at,
                "trials": c.trials,
                "details": c.details.iter().map(detail).collect::<Vec<_>>(),
            })
        };
        json!({
            "version": self.machine.version,
            "compiler": self.machine.compiler,
            "platform": self.machine.platform,
            "processor": self.machine.processor,
            "instructions": self.machine.instructions,
            "threads": self.machine.threads,
            "passes": self.passes(),
            "checks": self.checks.iter().map(check).collect::<Vec<_>>(),
        })
    }

    /// Every routine in a row: by precision, kernels and scale, and then by kind of matrix.
    fn residuals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const COLUMNS: [(&str, &str); 4] = [("portable", "f64"), ("portable", "f32"), ("fast", "f64"), ("fast", "f32")];
        let names = self.names("residuals");
        writeln!(
            f,
            "Residual ratios, error / (size x epsilon x norm), limit 10. A of size 1, of 2^-972 and of 2^972 (f32: 2^-105, 2^105):"
        )?;
        write!(f, "{:<20}", "")?;
        COLUMNS.iter().try_for_each(|(backend, precision)| write!(f, "  {:<18}", format!("{backend} {precision}")))?;
        writeln!(f, " largest")?;
        for &name in &names {
            write!(f, "{name:<20}")?;
            let mut most: Option<&Check> = None;
            for (backend, precision) in COLUMNS {
                let found = self
                    .part("residuals")
                    .find(|c| (c.name.as_str(), c.backend, c.precision) == (name, backend, precision));
                let Some(check) = found else { continue };
                for sign in [0, -1, 1] {
                    let at_scale = check.details.iter().filter(|d| d.exponent.signum() == sign);
                    write!(f, "{:>6}", short(at_scale.fold(0.0, |most, d| larger(most, d.worst))))?;
                }
                write!(f, "  ")?;
                most = most.filter(|most| larger(most.worst, check.worst) == most.worst).or(Some(check));
            }
            writeln!(f, "  {}", most.map_or(String::new(), |c| format!("{}, {} {}", c.at, c.backend, c.precision)))?;
        }
        writeln!(f, "\nThe same by kind of matrix:")?;
        let kinds: Vec<&str> = super::matrices::KINDS.to_vec();
        write!(f, "{:<20}", "")?;
        kinds.iter().try_for_each(|kind| write!(f, " {:>8}", kind.chars().take(8).collect::<String>()))?;
        writeln!(f)?;
        for &name in &names {
            write!(f, "{name:<20}")?;
            for kind in &kinds {
                let details = self.part("residuals").filter(|c| c.name == name).flat_map(|c| &c.details);
                let tried: Vec<&Detail> = details.filter(|d| d.kind == *kind && d.trials > 0).collect();
                let most = tried.iter().fold(0.0, |most, d| larger(most, d.worst));
                write!(f, " {:>8}", if tried.is_empty() { "-".to_string() } else { short(most) })?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn functions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trials = |precision| self.part("functions").filter(|c| c.precision == precision).map(|c| c.trials).max();
        writeln!(
            f,
            "\nFunctions, largest error in ULP (limit) and where; f64 at {} arguments each, f32 at {}:",
            trials("f64").unwrap_or(0),
            trials("f32").unwrap_or(0),
        )?;
        for name in self.names("functions") {
            write!(f, "{name:<20}")?;
            for check in self.part("functions").filter(|c| c.name == name) {
                let worst = format!("{} {:.3} ({})", check.precision, check.worst, check.limit);
                write!(f, "  {worst:<17} {:<23}", check.at)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn derivatives(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nDerivatives (limit); 2 - p: the remainder of Taylor's formula falls as the step to the power p:"
        )?;
        for name in self.names("derivatives") {
            write!(f, "{name:<41}")?;
            for check in self.part("derivatives").filter(|c| c.name == name) {
                let what = if check.measure.starts_with('2') { "2 - p" } else { check.measure };
                write!(f, "  {:<34}", format!("{what} {:.1e} ({:e})", check.worst, check.limit))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The larger; NaN is larger than all.
fn larger(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

/// Two digits behind the point.
fn short(x: f64) -> String {
    format!("{x:.2}")
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Columns are padded, the last one of a line is not.
        Page(self).to_string().lines().try_for_each(|line| writeln!(f, "{}", line.trim_end()))
    }
}

/// The page as it comes.
struct Page<'a>(&'a Audit);

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let audit = self.0;
        let machine = &audit.machine;
        writeln!(
            f,
            "gaussling {} audited on {}, {} threads, fast kernels: {}",
            machine.version, machine.platform, machine.threads, machine.instructions
        )?;
        writeln!(f, "{}; {}\n", machine.processor.as_deref().unwrap_or("processor unknown"), machine.compiler)?;
        audit.residuals(f)?;
        audit.functions(f)?;
        audit.derivatives(f)?;
        let hostile = audit.part("hostile input");
        let (broken, trials) = hostile.fold((0.0, 0), |(broken, trials), c| (broken + c.worst, trials + c.trials));
        writeln!(
            f,
            "\nNaN, infinity and the ends of the range in {trials} calls: {broken} panics, or NaN and infinity taken for numbers (0)"
        )?;
        writeln!(
            f,
            "\nReproducibility, digests of what the portable kernels compute, and whether they are the stored ones:"
        )?;
        for check in audit.part("reproducibility") {
            writeln!(f, "{:<22} {}  {}", check.name, check.at, if check.passes() { "same" } else { "DIFFERENT" })?;
        }
        writeln!(
            f,
            "\nThe core (gaussling-core) is compiled without an allocator (no_std, no alloc) and without unsafe (forbid); \
             gaussling-sqrt\nbeside it has one unsafe line for each instruction of a square root, on x86-64 and ARM with hard floats."
        )?;
        let failed: Vec<&Check> = audit.checks.iter().filter(|check| !check.passes()).collect();
        if failed.is_empty() {
            return writeln!(f, "\n{} numbers, all within their limits", audit.checks.len());
        }
        writeln!(f, "\n{} of {} numbers outside their limits:", failed.len(), audit.checks.len())?;
        failed.iter().try_for_each(|c| {
            let what = [c.part, &c.name, c.measure, c.precision, c.backend].join(", ");
            writeln!(f, "{what}: {:e}, limit {:e}, at {}", c.worst, c.limit, c.at)
        })
    }
}
