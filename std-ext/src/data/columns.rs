//! Which columns of a text table are inputs and which are targets.
//!
//! A choice is a list of entries, each a name of the header, a number from 1, or a range of numbers such as `9-10`. A
//! name comes first: in a table whose header is `0,1,2`, the entry `1` is the second column.

use super::error::DataError;
use super::wording::{quoted, quoted_list};
use std::path::PathBuf;

/// The columns of a table, with what a message says about them.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) file: PathBuf,
    /// One name a column: the header's, or `column_1`, `column_2`, …
    pub(super) names: Vec<String>,
    /// Line of the header, when there is one.
    pub(super) header: Option<u64>,
    /// Name of the detected separator, in a text.
    pub(super) separator: Option<&'static str>,
}

impl Columns {
    /// Names without header: `column_1`, `column_2`, …
    pub(super) fn numbered(columns: usize) -> Vec<String> {
        (1..=columns).map(|column| format!("column_{column}")).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}

/// Columns of a table, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) inputs: Vec<usize>,
    pub(super) targets: Vec<usize>,
}

/// The inputs and targets asked for, or by default: as targets the columns whose names begin with `target`, else the
/// last; as inputs all others.
pub(super) fn choose(
    columns: &Columns,
    inputs: Option<&[String]>,
    targets: Option<&[String]>,
) -> Result<Choice, DataError> {
    let chosen_inputs = inputs.map(|entries| resolve(columns, entries)).transpose()?;
    let targets = match targets {
        Some(entries) => resolve(columns, entries)?,
        None => default_targets(columns),
    };
    let inputs = match chosen_inputs {
        Some(inputs) => inputs,
        None => (0..columns.len()).filter(|column| !targets.contains(column)).collect(),
    };
    for (role, chosen) in [("an input", &inputs), ("a target", &targets)] {
        if chosen.is_empty() {
            let hint =
                columns.separator.map_or(String::new(), |name| format!(", or check the separator (found: {name})"));
            return Err(DataError::NoColumns { file: columns.file.clone(), columns: columns.len(), role, hint });
        }
    }
    refuse_repeated(columns, inputs.iter().chain(&targets))?;
    Ok(Choice { inputs, targets })
}

fn default_targets(columns: &Columns) -> Vec<usize> {
    let is_target = |name: &String| name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("target"));
    let named: Vec<usize> = (0..columns.len()).filter(|&column| is_target(&columns.names[column])).collect();
    if named.is_empty() { vec![columns.len().saturating_sub(1)] } else { named }
}

/// The columns a list of entries stands for, in its order.
pub(super) fn resolve(columns: &Columns, entries: &[String]) -> Result<Vec<usize>, DataError> {
    let mut chosen = Vec::new();
    for entry in entries {
        let entry = entry.trim();
        match by_name(columns, entry)? {
            Some(column) => chosen.push(column),
            None => chosen.extend(by_number(entry, columns.len()).ok_or_else(|| unknown(columns, entry))?),
        }
    }
    refuse_repeated(columns, chosen.iter())?;
    Ok(chosen)
}

/// The column of that name, if there is one; an error if there are two.
pub(super) fn by_name(columns: &Columns, name: &str) -> Result<Option<usize>, DataError> {
    let mut named = (0..columns.len()).filter(|&column| columns.names[column] == name);
    let first = named.next();
    match (first, named.next()) {
        (Some(first), Some(second)) => Err(DataError::DuplicateName {
            file: columns.file.clone(),
            line: columns.header.unwrap_or(1),
            name: quoted(name),
            first: first + 1,
            second: second + 1,
        }),
        _ => Ok(first),
    }
}

/// The columns of these names.
pub(super) fn find_all(columns: &Columns, names: &[String]) -> Result<Vec<usize>, DataError> {
    names.iter().map(|name| by_name(columns, name)?.ok_or_else(|| unknown(columns, name))).collect()
}

/// The columns, from 0, that `3` or `9-10` stands for.
fn by_number(entry: &str, columns: usize) -> Option<std::ops::Range<usize>> {
    let (first, last) = entry.split_once('-').unwrap_or((entry, entry));
    let (first, last): (usize, usize) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (1 <= first && first <= last && last <= columns).then(|| first - 1..last)
}

/// The error for an entry that is no column.
fn unknown(columns: &Columns, entry: &str) -> DataError {
    DataError::UnknownColumn {
        file: columns.file.clone(),
        asked: quoted(entry),
        columns: columns.len(),
        available: quoted_list(columns.names.iter()),
    }
}

fn refuse_repeated<'a>(columns: &Columns, chosen: impl Iterator<Item = &'a usize>) -> Result<(), DataError> {
    let mut seen = vec![false; columns.len()];
    for &column in chosen {
        if std::mem::replace(&mut seen[column], true) {
            let name = quoted(&columns.names[column]);
            return Err(DataError::ChosenTwice { file: columns.file.clone(), column: column + 1, name });
        }
    }
    Ok(())
}

/// The columns of a file to predict on, for inputs of these names: by name where both have names; else, when there are as
/// many as names, all; else, when the names are `column_3`, …, the columns of these numbers.
pub(super) fn choose_inputs(columns: &Columns, names: &[String]) -> Result<Vec<usize>, DataError> {
    let (found, expected) = (columns.len(), names.len());
    match made_up_numbers(names) {
        None if columns.header.is_some() => find_all(columns, names),
        _ if found == expected => Ok((0..found).collect()),
        Some(numbers) if numbers.iter().all(|number| (1..=found).contains(number)) => {
            Ok(numbers.into_iter().map(|number| number - 1).collect())
        }
        _ => Err(DataError::ColumnCount { file: columns.file.clone(), role: "input", found, expected }),
    }
}

/// The numbers, from 1, in names of columns without header: 3 in `column_3`. `None` when a name is none of these.
pub(super) fn made_up_numbers(names: &[String]) -> Option<Vec<usize>> {
    names.iter().map(|name| name.strip_prefix("column_")?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::csv::Table;
    use crate::data::testing::message;
    use std::path::Path;

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    fn chosen(text: &str, inputs: Option<&[&str]>, targets: Option<&[&str]>) -> Result<Choice, DataError> {
        let table = Table::parse(Path::new("t.csv"), text.into()).unwrap();
        choose(&table.columns, inputs.map(list).as_deref(), targets.map(list).as_deref())
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
