//! Which columns of a text table are inputs and which are targets.
//!
//! A choice is a list of entries, each a name of the header, a number from 1, or a range of numbers such as `9-10`. A
//! name comes first: in a table whose header is `0,1,2`, the entry `1` is the second column.

use super::csv::Table;
use super::error::{DataError, quoted, quoted_list};

/// Columns of a table, from 0.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) inputs: Vec<usize>,
    pub(super) targets: Vec<usize>,
}

/// The inputs and targets asked for, or by default: as targets the columns whose names begin with `target`, else the
/// last; as inputs all others.
pub(super) fn choose(
    table: &Table,
    inputs: Option<&[String]>,
    targets: Option<&[String]>,
) -> Result<Choice, DataError> {
    let chosen_inputs = inputs.map(|entries| resolve(table, entries)).transpose()?;
    let targets = match targets {
        Some(entries) => resolve(table, entries)?,
        None => default_targets(table),
    };
    let inputs = match chosen_inputs {
        Some(inputs) => inputs,
        None => (0..table.columns()).filter(|column| !targets.contains(column)).collect(),
    };
    for (role, columns) in [("an input", &inputs), ("a target", &targets)] {
        if columns.is_empty() {
            let (file, columns) = (table.file.clone(), table.columns());
            return Err(DataError::NoColumns { file, columns, role, separator: table.separator.name() });
        }
    }
    refuse_repeated(table, inputs.iter().chain(&targets))?;
    Ok(Choice { inputs, targets })
}

fn default_targets(table: &Table) -> Vec<usize> {
    let is_target = |name: &String| name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("target"));
    let named: Vec<usize> = (0..table.columns()).filter(|&column| is_target(&table.names[column])).collect();
    if named.is_empty() { vec![table.columns() - 1] } else { named }
}

/// The columns a list of entries stands for, in its order.
pub(super) fn resolve(table: &Table, entries: &[String]) -> Result<Vec<usize>, DataError> {
    let mut columns = Vec::new();
    for entry in entries {
        let entry = entry.trim();
        match by_name(table, entry)? {
            Some(column) => columns.push(column),
            None => columns.extend(by_number(entry, table.columns()).ok_or_else(|| unknown(table, entry))?),
        }
    }
    refuse_repeated(table, columns.iter())?;
    Ok(columns)
}

/// The column of that name, if there is one; an error if there are two.
pub(super) fn by_name(table: &Table, name: &str) -> Result<Option<usize>, DataError> {
    let mut named = (0..table.columns()).filter(|&column| table.names[column] == name);
    let first = named.next();
    match (first, named.next()) {
        (Some(first), Some(second)) => Err(DataError::DuplicateName {
            file: table.file.clone(),
            line: table.header.unwrap_or(1),
            name: quoted(name),
            first: first + 1,
            second: second + 1,
        }),
        _ => Ok(first),
    }
}

/// The columns, from 0, that `3` or `9-10` stands for.
fn by_number(entry: &str, columns: usize) -> Option<std::ops::Range<usize>> {
    let (first, last) = entry.split_once('-').unwrap_or((entry, entry));
    let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (1 <= first && first <= last && last <= columns).then(|| first - 1..last)
}

/// The error for an entry that is no column.
pub(super) fn unknown(table: &Table, entry: &str) -> DataError {
    DataError::UnknownColumn {
        file: table.file.clone(),
        asked: quoted(entry),
        columns: table.columns(),
        available: quoted_list(table.names.iter()),
    }
}

fn refuse_repeated<'a>(table: &Table, columns: impl Iterator<Item = &'a usize>) -> Result<(), DataError> {
    let mut seen = vec![false; table.columns()];
    for &column in columns {
        if std::mem::replace(&mut seen[column], true) {
            let name = quoted(&table.names[column]);
            return Err(DataError::ChosenTwice { file: table.file.clone(), column: column + 1, name });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::message;
    use std::path::Path;

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    fn chosen(text: &str, inputs: Option<&[&str]>, targets: Option<&[&str]>) -> Result<Choice, DataError> {
        let table = Table::parse(Path::new("t.csv"), text.into()).unwrap();
        choose(&table, inputs.map(list).as_deref(), targets.map(list).as_deref())
    }

    #[test]
    fn names_numbers_ranges_and_defaults() {
        for (text, inputs, targets, expected) in [
            ("1,2,3", None, None, (vec![0, 1], vec![2])),
            ("target_1,x,Target_2,y\n1,2,3,4", None, None, (vec![1, 3], vec![0, 2])),
            ("a,b,c\n1,2,3", None, Some(&["a"][..]), (vec![1, 2], vec![0])),
            ("a,b,c\n1,2,3", Some(&["c", "1"][..]), Some(&["2"][..]), (vec![2, 0], vec![1])),
            ("1,2,3,4", None, Some(&["3-4"][..]), (vec![0, 1], vec![2, 3])),
            ("1,2,3,4", Some(&["1"][..]), Some(&[" 2 - 3 "][..]), (vec![0], vec![1, 2])),
            ("0,1,2,y\n1,2,3,4", None, Some(&["1"][..]), (vec![0, 2, 3], vec![1])),
        ] {
            let choice = Choice { inputs: expected.0, targets: expected.1 };
            assert_eq!(chosen(text, inputs, targets).unwrap(), choice, "{text} {inputs:?} {targets:?}");
        }
    }

    #[test]
    fn refused_choices() {
        let text = "a,b,b\n1,2,3";
        for (inputs, targets, expected) in [
            (
                None,
                Some(&["d"][..]),
                "t.csv: no column \"d\"; expected a number from 1 to 3, a range such as 1-2, or one of \"a\", \"b\", \"b\"",
            ),
            (None, Some(&["4"][..]), "no column \"4\""),
            (None, Some(&["0"][..]), "no column \"0\""),
            (None, Some(&["3-2"][..]), "no column \"3-2\""),
            (None, Some(&["b"][..]), "t.csv: line 1: columns 2 and 3 are both named \"b\""),
            (None, Some(&["2-3", "3"][..]), "t.csv: column 3 (\"b\") is chosen twice"),
            (Some(&["a"][..]), Some(&["1"][..]), "t.csv: column 1 (\"a\") is chosen twice"),
            (
                None,
                Some(&["1-3"][..]),
                "t.csv: found 3 columns of which none is left as an input; choose other columns, or check the separator (found: comma)",
            ),
            (None, Some(&[][..]), "none is left as a target"),
        ] {
            let message = message(chosen(text, inputs, targets));
            assert!(message.contains(expected), "{inputs:?} {targets:?}: {message}");
        }
        assert!(message(chosen("1\n2\n", None, None)).contains("found 1 columns of which none is left as an input"));
    }
}
