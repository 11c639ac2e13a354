//! The page of a [`Report`].

use std::fmt::Write as _;

use super::{Figure, Report, Table};
use crate::plot::style::dark_rules;
use crate::plot::text::escape;

/// Most rows and columns of a table.
const ROWS: usize = 500;
const COLUMNS: usize = 60;
/// Most characters of a cell, a fact or a note.
const TEXT: usize = 2000;

const STYLE: &str = include_str!("style.css");

pub(super) fn html(report: &Report) -> String {
    let title = escape(&report.title, TEXT);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{title}</title>\n\
         <style>\n{STYLE}@media (prefers-color-scheme: dark) {{\n{}}}\n</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n",
        dark_rules(),
    );
    // Writing to a string cannot fail.
    let _ = write_body(&mut page, report);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn write_body(page: &mut String, report: &Report) -> std::fmt::Result {
    if !report.facts.is_empty() {
        writeln!(page, "<dl>")?;
        for (name, value) in &report.facts {
            writeln!(page, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name, TEXT), escape(value, TEXT))?;
        }
        writeln!(page, "</dl>")?;
    }
    let (closed, open): (Vec<&Table>, Vec<&Table>) = report.tables.iter().partition(|table| table.collapsed);
    open.into_iter().try_for_each(|table| write_table(page, table))?;
    if !report.figures.is_empty() {
        writeln!(page, "<div class=\"figures\">")?;
        report.figures.iter().try_for_each(|figure| write_figure(page, figure))?;
        writeln!(page, "</div>")?;
    }
    closed.into_iter().try_for_each(|table| write_table(page, table))
}

fn write_figure(page: &mut String, figure: &Figure) -> std::fmt::Result {
    writeln!(page, "<figure>\n{}", figure.chart.inline_svg())?;
    if !figure.note.is_empty() {
        writeln!(page, "<figcaption>{}</figcaption>", escape(&figure.note, TEXT))?;
    }
    writeln!(page, "</figure>")
}

fn write_table(page: &mut String, table: &Table) -> std::fmt::Result {
    let title = escape(&table.title, TEXT);
    let count = table.rows.len();
    if table.collapsed {
        writeln!(page, "<details>\n<summary>{title} ({count} row{})</summary>", if count == 1 { "" } else { "s" })?;
    } else {
        writeln!(page, "<section>\n<h2>{title}</h2>")?;
    }
    let widest = table.rows.iter().map(Vec::len).chain([table.columns.len()]).max().unwrap_or(0);
    let columns = widest.min(COLUMNS);
    let classes: Vec<&str> = (0..columns).map(|j| if numeric(table, j) { " class=\"n\"" } else { "" }).collect();
    // The box can be scrolled by keyboard, so it takes the focus and has a name.
    writeln!(page, "<div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"{title}\">\n<table>\n<thead><tr>")?;
    for (j, class) in classes.iter().enumerate() {
        let name = table.columns.get(j).map(String::as_str).unwrap_or_default();
        write!(page, "<th scope=\"col\"{class}>{}</th>", escape(name, TEXT))?;
    }
    writeln!(page, "</tr></thead>\n<tbody>")?;
    for i in shown(count) {
        page.push_str(if table.best == Some(i) { "<tr class=\"best\">" } else { "<tr>" });
        for (j, class) in classes.iter().enumerate() {
            let cell = escape(table.rows[i].get(j).map(String::as_str).unwrap_or_default(), TEXT);
            match j {
                0 => write!(page, "<th scope=\"row\"{class}>{cell}</th>")?,
                _ => write!(page, "<td{class}>{cell}</td>")?,
            }
        }
        writeln!(page, "</tr>")?;
    }
    writeln!(page, "</tbody>\n</table>\n</div>")?;
    if count > ROWS {
        writeln!(page, "<p class=\"note\">{ROWS} of {count} rows, evenly spaced.</p>")?;
    }
    if widest > COLUMNS {
        writeln!(page, "<p class=\"note\">{COLUMNS} of {widest} columns.</p>")?;
    }
    if !table.note.is_empty() {
        writeln!(page, "<p class=\"note\">{}</p>", escape(&table.note, TEXT))?;
    }
    writeln!(page, "{}", if table.collapsed { "</details>" } else { "</section>" })
}

/// Which of so many rows are shown: all, or evenly spaced ones with the first and the last.
pub(super) fn shown(count: usize) -> Vec<usize> {
    if count <= ROWS {
        return (0..count).collect();
    }
    let last = (count - 1) as u128;
    (0..ROWS).map(|i| (i as u128 * last / (ROWS as u128 - 1)) as usize).collect()
}

/// Whether a column holds numbers, with or without units, and should end at the right.
fn numeric(table: &Table, column: usize) -> bool {
    let number = |cell: &String| {
        let cell = cell.trim();
        let digits = cell.trim_start_matches(['-', '+', '−', '.']);
        matches!(cell, "" | "-" | "–" | "NaN" | "inf" | "-inf") || digits.starts_with(|c: char| c.is_ascii_digit())
    };
    !table.rows.is_empty() && table.rows.iter().filter_map(|row| row.get(column)).all(number)
}
