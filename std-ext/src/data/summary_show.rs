//! A [`Summary`] as a table and as JSON.

use super::summary::{ColumnSummary, Role, Summary};
use serde_json::{Value, json};
use std::fmt;

/// Columns that the table shows; further ones are counted.
const MOST_ROWS: usize = 40;
/// Classes that the table shows.
const MOST_CLASSES: usize = 20;
/// Longest piece of a name that the table shows, in characters.
const LONGEST: usize = 24;

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Target => "target",
            Self::Unused => "-",
        }
    }
}

impl Summary {
    fn count(&self, holds: impl Fn(&ColumnSummary) -> bool) -> usize {
        self.columns.iter().filter(|column| holds(column)).count()
    }

    /// All of it as one JSON object. Least, largest number, mean and deviation of a column without
    /// numbers are null.
    pub fn to_json(&self) -> Value {
        let column = |column: &ColumnSummary| {
            let number = |value: f64| if column.numbers > 0 { json!(value) } else { Value::Null };
            json!({
                "name": column.name,
                "role": column.role.name(),
                "numbers": column.numbers,
                "missing": column.missing,
                "not_finite": column.not_finite,
                "words": column.words,
                "min": number(column.min),
                "max": number(column.max),
                "mean": number(column.mean),
                "deviation": number(column.deviation),
                "constant": column.constant,
            })
        };
        let class = |(label, samples): &(String, usize)| json!({ "label": label, "samples": samples });
        json!({
            "kind": "data",
            "file": self.file.to_string_lossy(),
            "format": self.format.to_string(),
            "compressed": self.compressed,
            "delimiter": self.delimiter,
            "header_line": self.header,
            "target_file": self.target_file.as_ref().map(|file| file.to_string_lossy()),
            "rows": self.rows,
            "columns": self.columns.iter().map(column).collect::<Vec<_>>(),
            "classes": self.classes.as_ref().map(|classes| classes.iter().map(class).collect::<Vec<_>>()),
        })
    }
}

/// A name in one line of limited length.
fn short(name: &str) -> String {
    let plain: String = name.chars().flat_map(char::escape_debug).collect();
    match plain.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &plain[..end]),
        None => plain,
    }
}

/// Five digits, as short as they go.
fn number(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e6).contains(&x.abs()) {
        return format!("{x:.4e}");
    }
    let decimals = (4.0 - x.abs().log10().floor()).max(1.0) as usize;
    let text = format!("{x:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What is odd about a column.
fn remark(column: &ColumnSummary) -> String {
    let mut parts = Vec::new();
    if column.constant {
        parts.push("constant".to_owned());
    }
    for (count, what) in [(column.missing, "missing"), (column.not_finite, "not finite"), (column.words, "words")] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.format)?;
        if let Some(delimiter) = self.delimiter {
            write!(f, " with {delimiter} between cells")?;
        }
        if self.compressed {
            write!(f, ", gzip")?;
        }
        match self.header {
            Some(line) => write!(f, ", header in line {line}")?,
            None if self.delimiter.is_some() => write!(f, ", no header")?,
            None => {}
        }
        writeln!(f, "; {} rows, {} columns", self.rows, self.columns.len())?;
        let [inputs, targets] = [Role::Input, Role::Target].map(|role| self.count(|column| column.role == role));
        let (constant, odd) = (
            self.count(|column| column.constant),
            self.columns.iter().map(|column| column.missing + column.not_finite).sum::<usize>(),
        );
        write!(f, "{inputs} inputs, {targets} targets; {constant} constant columns, {odd} missing or not finite")?;
        match &self.target_file {
            Some(file) => writeln!(f, "; targets from {}", file.display())?,
            None => writeln!(f)?,
        }

        let mut rows = vec![["column", "name", "role", "least", "largest", "mean", "deviation", ""].map(str::to_owned)];
        // The targets are shown in any case: they come last.
        let shown =
            |k: usize, column: &ColumnSummary| k < MOST_ROWS || (targets <= MOST_ROWS && column.role == Role::Target);
        let mut hidden = 0;
        for (k, column) in self.columns.iter().enumerate() {
            if !shown(k, column) {
                hidden += 1;
                continue;
            }
            let cell = |value: f64| if column.numbers > 0 { number(value) } else { "-".to_owned() };
            rows.push([
                (k + 1).to_string(),
                short(&column.name),
                column.role.name().to_owned(),
                cell(column.min),
                cell(column.max),
                cell(column.mean),
                cell(column.deviation),
                remark(column),
            ]);
        }
        let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or_default();
        let widths: [usize; 8] = std::array::from_fn(width);
        for row in &rows {
            let cells: Vec<String> = (0..8)
                .map(|k| match k {
                    0 | 3..=6 => format!("{:>1$}", row[k], widths[k]),
                    _ => format!("{:<1$}", row[k], widths[k]),
                })
                .collect();
            writeln!(f, "{}", cells.join("  ").trim_end())?;
        }
        if hidden > 0 {
            writeln!(f, "and {hidden} more columns")?;
        }
        if let Some(classes) = &self.classes {
            let list: Vec<String> = classes
                .iter()
                .take(MOST_CLASSES)
                .map(|(label, samples)| format!("{} {samples}", short(label)))
                .collect();
            let more = classes.len().saturating_sub(MOST_CLASSES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            writeln!(f, "{} classes, with samples: {}{more}", classes.len(), list.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_digits_as_short_as_they_go() {
        for (x, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (100.0, "100"),
            (0.003_214_26, "0.0032143"),
            (-22.306_72, "-22.307"),
            (99_999.96, "100000"),
            (123_456.78, "123456.8"),
            (1e6, "1.0000e6"),
            (-5e-324, "-4.9407e-324"),
            (f64::MAX, "1.7977e308"),
        ] {
            assert_eq!(number(x), expected);
        }
        assert_eq!(short("a\tname of more than twenty-four letters"), "a\\tname of more than twe...");
    }
}
