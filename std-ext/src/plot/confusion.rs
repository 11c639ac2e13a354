//! The confusion matrix: how many samples of each class were given which class.

use std::collections::HashMap;

use super::chart::{Anchor, Chart, LABEL, MARGIN, Paint, TICK, WIDTH};
use super::style::Colour;
use super::{PlotError, plural, text};

/// Most classes that are drawn.
const CLASSES: usize = 30;
/// Widest names of classes.
const NAME: f64 = 84.0;
/// Smallest cells with their count, and with their share.
const COUNTED: f64 = 22.0;
const SHARED: f64 = 29.0;

/// Rows are true classes, columns what was predicted; each cell has its count and, where there is room, its share of the row.
///
/// `truth[k]` and `predicted[k]` are the classes of sample k, as indices into `names`. Of more than 30 classes those with the most
/// wrong answers are drawn, all other predictions in a column of their own.
///
/// # Errors
/// [`PlotError::Length`] when the two lists differ in length or a class has no name.
pub fn confusion(title: &str, names: &[String], truth: &[usize], predicted: &[usize]) -> Result<Chart, PlotError> {
    if predicted.len() != truth.len() {
        return Err(PlotError::Length {
            what: "predicted classes".to_owned(),
            expected: truth.len(),
            found: predicted.len(),
        });
    }
    if let Some(highest) = truth.iter().chain(predicted).max().filter(|&&highest| highest >= names.len()) {
        let what = format!("names of classes, for class {highest}");
        return Err(PlotError::Length { what, expected: highest.saturating_add(1), found: names.len() });
    }
    let mut counts: HashMap<(usize, usize), usize> = HashMap::new();
    for pair in truth.iter().copied().zip(predicted.iter().copied()) {
        *counts.entry(pair).or_default() += 1;
    }
    let table = Table::new(names, &counts);
    let mut chart = Chart::new(title);
    table.draw(&mut chart);
    let mistakes = mistakes(names, &counts);
    let cell = table.cell();
    chart.notes(&[
        match cell {
            _ if table.classes.is_empty() => "no classes".to_owned(),
            cell if cell >= SHARED => {
                "count, and share of the true class' samples in %; stronger colour: larger share".to_owned()
            }
            cell if cell >= COUNTED => "count; stronger colour: larger share of the true class' samples".to_owned(),
            _ => "stronger colour: larger share of the true class' samples".to_owned(),
        },
        match names.len() {
            all if all > CLASSES => format!("the {CLASSES} of {all} classes with the most wrong answers"),
            _ => String::new(),
        },
        mistakes.clone(),
    ]);
    let right: usize = counts.iter().filter(|((t, p), _)| t == p).map(|(_, count)| count).sum();
    let all = plural(truth.len(), "sample");
    Ok(chart.finish(format!("Confusion matrix of {} classes: {right} of {all} right. {mistakes}", names.len())))
}

/// What is drawn: some classes and, if these are not all, a column for the others.
struct Table {
    classes: Vec<usize>,
    rows: Vec<String>,
    columns: Vec<String>,
    counts: Vec<Vec<usize>>,
    totals: Vec<usize>,
}

impl Table {
    fn new(names: &[String], counts: &HashMap<(usize, usize), usize>) -> Self {
        let mut classes: Vec<usize> = (0..names.len()).collect();
        if names.len() > CLASSES {
            let mut wrong = vec![0; names.len()];
            counts.iter().filter(|((t, p), _)| t != p).for_each(|((t, _), count)| wrong[*t] += count);
            classes.sort_by_key(|&class| std::cmp::Reverse(wrong[class]));
            classes.truncate(CLASSES);
            classes.sort_unstable();
        }
        let rows: Vec<String> = classes.iter().map(|&class| text::fit_ends(&names[class], TICK, NAME)).collect();
        let mut totals = vec![0; names.len()];
        counts.iter().for_each(|((t, _), count)| totals[*t] += count);
        let totals: Vec<usize> = classes.iter().map(|&class| totals[class]).collect();
        let row = |t: &usize| classes.iter().map(|p| counts.get(&(*t, *p)).copied().unwrap_or(0)).collect();
        let mut counted: Vec<Vec<usize>> = classes.iter().map(row).collect();
        let mut columns = rows.clone();
        if names.len() > CLASSES {
            columns.push("others".to_owned());
            counted.iter_mut().zip(&totals).for_each(|(row, total)| row.push(total - row.iter().sum::<usize>()));
        }
        Self { classes, rows, columns, counts: counted, totals }
    }

    /// Width of the names of the rows and what stands before them.
    fn left(&self) -> f64 {
        let widest = self.rows.iter().map(|name| text::width(name, TICK)).fold(0.0, f64::max);
        MARGIN + LABEL * 1.5 + widest + 6.0
    }

    /// Side of a cell.
    fn cell(&self) -> f64 {
        ((WIDTH - MARGIN - self.left()) / self.columns.len().max(1) as f64).min(90.0)
    }

    fn draw(&self, chart: &mut Chart) {
        if self.classes.is_empty() {
            return;
        }
        let (top, cell) = (chart.height, self.cell());
        let spare = (WIDTH - MARGIN - self.left() - cell * self.columns.len() as f64).max(0.0);
        let left = self.left() + spare / 2.0;
        let (wide, high) = (cell * self.columns.len() as f64, cell * self.rows.len() as f64);
        for (i, row) in self.counts.iter().enumerate() {
            for (j, &count) in row.iter().enumerate() {
                let corner = (left + cell * j as f64, top + cell * i as f64);
                self.draw_cell(chart, corner, count, self.totals[i], i == j);
            }
        }
        let across = |i: usize| vec![(left, top + cell * i as f64), (left + wide, top + cell * i as f64)];
        let down = |j: usize| vec![(left + cell * j as f64, top), (left + cell * j as f64, top + high)];
        let lines = (0..=self.rows.len()).map(across).chain((0..=self.columns.len()).map(down)).collect();
        chart.lines(lines, Paint::line(Colour::Grid, 0.8));
        // Names that would touch each other are left out.
        let every = (TICK * 1.05 / cell).ceil().max(1.0) as usize;
        for (i, name) in self.rows.iter().enumerate().step_by(every) {
            let foot = top + cell * (i as f64 + 0.5) + 0.36 * TICK;
            chart.text(name.clone(), (left - 6.0, foot), TICK, Anchor::End, Colour::Ink);
        }
        let widest = self.columns.iter().map(|name| text::width(name, TICK)).fold(0.0, f64::max);
        let upright = widest > cell - 4.0;
        for (j, name) in self.columns.iter().enumerate().step_by(if upright { every } else { 1 }) {
            let middle = left + cell * (j as f64 + 0.5);
            if upright {
                chart.turned(name.clone(), (middle + 0.36 * TICK, top + high + 6.0), TICK, Anchor::End);
            } else {
                chart.text(name.clone(), (middle, top + high + TICK + 4.0), TICK, Anchor::Middle, Colour::Ink);
            }
        }
        let below = top + high + if upright { widest + 8.0 } else { TICK + 6.0 } + LABEL * 1.2;
        chart.text("predicted".to_owned(), (left + wide / 2.0, below), LABEL, Anchor::Middle, Colour::Ink);
        chart.turned(
            "true".to_owned(),
            (left - self.left() + MARGIN + LABEL * 0.9, top + high / 2.0),
            LABEL,
            Anchor::Middle,
        );
        chart.height = below + 8.0;
    }

    fn draw_cell(&self, chart: &mut Chart, (x, y): (f64, f64), count: usize, total: usize, right: bool) {
        if count == 0 {
            return;
        }
        let (cell, share) = (self.cell(), count as f64 / total.max(1) as f64);
        // By the root, so that a few mistakes among many samples can be seen.
        let paint = Paint::fill(Colour::Series(usize::from(!right)), 0.08 + 0.42 * share.sqrt());
        chart.rectangle([x, y, cell, cell], paint);
        let middle = x + cell / 2.0;
        let written = format!("{count}");
        let size = (TICK * (cell - 4.0) / text::width(&written, TICK)).min(TICK);
        if cell >= COUNTED && size >= 8.0 {
            let foot = y + cell / 2.0 + if cell >= SHARED { -1.0 } else { 0.36 * size };
            chart.text(written, (middle, foot), size, Anchor::Middle, Colour::Ink);
        }
        if cell >= SHARED {
            let foot = y + cell / 2.0 + 11.5;
            chart.text(percent(share), (middle, foot), 10.5, Anchor::Middle, Colour::Ink);
        }
    }
}

/// A share in whole percent, which is neither 0 nor 100 unless it is exactly.
fn percent(share: f64) -> String {
    match 100.0 * share {
        100.0 => "100".to_owned(),
        p if p < 1.0 => format!("{:.1}", p.max(0.1)),
        p if p > 99.0 => format!("{:.1}", p.min(99.9)),
        p => format!("{p:.0}"),
    }
}

/// The most frequent mistakes in words.
fn mistakes(names: &[String], counts: &HashMap<(usize, usize), usize>) -> String {
    let mut wrong: Vec<_> = counts.iter().filter(|((t, p), _)| t != p).collect();
    wrong.sort_by_key(|&(pair, count)| (std::cmp::Reverse(*count), *pair));
    let name = |class: usize| text::fit_ends(&names[class], TICK, 2.0 * NAME);
    let said = wrong.iter().take(3).map(|((t, p), count)| format!("{} for {} ({count})", name(*t), name(*p)));
    match said.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => String::new(),
        said => format!("taken most often: {said}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::texts;
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("class {i}")).collect()
    }

    #[test]
    fn cells_hold_counts_and_shares_of_the_true_class() {
        let truth = [0, 0, 0, 1, 1, 2, 2, 2, 2, 2];
        let given = [0, 0, 1, 1, 1, 2, 2, 2, 2, 0];
        let chart = confusion("t", &names(3), &truth, &given).unwrap();
        let texts = texts(&chart);
        let cells: Vec<&str> =
            texts.iter().map(String::as_str).filter(|t| t.chars().all(|c| c.is_ascii_digit() || c == '.')).collect();
        // Rows from the top, each: count, share in percent.
        assert_eq!(cells, ["2", "67", "1", "33", "2", "100", "1", "20", "4", "80"]);
        assert!(texts.contains(&"taken most often: class 0 for class 1 (1), class 2 for class 0 (1)".to_owned()));
        assert!(chart.description().contains("8 of 10 samples right"), "{}", chart.description());
        // Right answers in one colour, wrong ones in another.
        let svg = chart.svg();
        let filled = |i: usize| svg.matches(&format!("fill=\"{}\" fill-opacity", Colour::Series(i).hex())).count();
        assert_eq!((filled(0), filled(1)), (3, 2));
    }

    #[test]
    fn of_many_classes_those_with_most_mistakes_are_drawn() {
        // Class 50 is taken for 51 nine times, class 99 for 0 once.
        let truth: Vec<usize> = (0..100).chain([50; 9]).chain([99]).collect();
        let given: Vec<usize> = (0..100).chain([51; 9]).chain([0]).collect();
        let chart = confusion("t", &names(100), &truth, &given).unwrap();
        let texts = texts(&chart);
        for text in [
            "the 30 of 100 classes with the most wrong answers",
            "others",
            "taken most often: class 50 for class 51 (9), class 99 for class 0 (1)",
        ] {
            assert!(texts.contains(&text.to_owned()), "{text}: {texts:?}");
        }
        let mut counts = HashMap::new();
        truth.iter().zip(&given).for_each(|(&t, &p)| *counts.entry((t, p)).or_insert(0) += 1);
        let table = Table::new(&names(100), &counts);
        assert!(table.classes.contains(&50) && table.classes.contains(&99) && !table.classes.contains(&51));
        let row = table.classes.iter().position(|&class| class == 50).unwrap();
        assert_eq!((table.totals[row], table.counts[row].last()), (10, Some(&9)));
        assert!(chart.svg().len() < 100_000);
    }

    #[test]
    fn shares_are_rounded_but_not_to_all_or_nothing() {
        for (count, total, expected) in [
            (1, 1, "100"),
            (999, 1000, "99.9"),
            (99_999, 100_000, "99.9"),
            (1, 100_000, "0.1"),
            (1, 200, "0.5"),
            (1, 2, "50"),
        ] {
            assert_eq!(percent(f64::from(count) / f64::from(total)), expected, "{count}/{total}");
        }
    }

    #[test]
    fn no_classes_and_wrong_lists() {
        assert!(texts(&confusion("t", &[], &[], &[]).unwrap()).contains(&"no classes".to_owned()));
        assert!(confusion("t", &names(3), &[], &[]).unwrap().svg().contains("class 2"));
        let error = |t: &[usize], p: &[usize]| confusion("t", &names(3), t, p).unwrap_err().to_string();
        assert_eq!(error(&[0, 1], &[0]), "plot: predicted classes: 2 numbers are needed, there are 1");
        assert_eq!(error(&[0], &[3]), "plot: names of classes, for class 3: 4 numbers are needed, there are 3");
    }
}
