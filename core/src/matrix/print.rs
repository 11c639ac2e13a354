//! Matrices as a person writes them.
//!
//! `{}`, `{:e}` and `{:#?}` give one line a row, columns aligned to the right; precision and sign apply to every element, the
//! width is the least width of a column. `{:?}` gives all rows in one line.
//!
//! Nothing is stored: an element is formatted once to measure it and once to print it.

use core::fmt::{self, Debug, Display, LowerExp, Write};

use super::{MatMut, MatRef, Matrix};

/// How one element is printed, with the given precision and sign.
type Print<T> = fn(&mut dyn Write, &T, Option<usize>, bool) -> fmt::Result;

/// Counts characters.
struct Width(usize);

impl Write for Width {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.0 += s.chars().count();
        Ok(())
    }
}

fn grid<T>(a: &MatRef<'_, T>, f: &mut fmt::Formatter<'_>, print: Print<T>) -> fmt::Result {
    let (precision, plus, least) = (f.precision(), f.sign_plus(), f.width().unwrap_or(0));
    let width = |x: &T| {
        let mut width = Width(0);
        print(&mut width, x, precision, plus).map(|()| width.0)
    };
    let (rows, cols) = a.size();
    if rows == 0 || cols == 0 {
        return write!(f, "[ {rows} x {cols} ]");
    }
    for i in 0..rows {
        f.write_str(if i == 0 { "[" } else { "\n[" })?;
        for (j, x) in (0..cols).filter_map(|j| Some((j, a.element(i, j)?))) {
            let mut widest = least;
            for y in (0..rows).filter_map(|i| a.element(i, j)) {
                widest = widest.max(width(y)?);
            }
            let pad = widest.saturating_sub(width(x)?);
            write!(f, " {:pad$}", "")?;
            print(f, x, precision, plus)?;
        }
        f.write_str(" ]")?;
    }
    Ok(())
}

/// The four combinations of precision and sign.
macro_rules! print_with {
    ($plain:literal, $plus:literal, $precise:literal, $precise_plus:literal) => {
        |out, x, precision, plus| match (precision, plus) {
            (None, false) => write!(out, $plain, x),
            (None, true) => write!(out, $plus, x),
            (Some(p), false) => write!(out, $precise, x, p = p),
            (Some(p), true) => write!(out, $precise_plus, x, p = p),
        }
    };
}

/// One row of a matrix.
struct Row<'a, T>(&'a MatRef<'a, T>, usize);

impl<T: Debug> Debug for Row<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries((0..self.0.size().1).filter_map(|j| self.0.element(self.1, j))).finish()
    }
}

impl<T: Display> Display for MatRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        grid(self, f, print_with!("{}", "{:+}", "{:.p$}", "{:+.p$}"))
    }
}

impl<T: LowerExp> LowerExp for MatRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        grid(self, f, print_with!("{:e}", "{:+e}", "{:.p$e}", "{:+.p$e}"))
    }
}

impl<T: Debug> Debug for MatRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return grid(self, f, print_with!("{:?}", "{:+?}", "{:.p$?}", "{:+.p$?}"));
        }
        f.debug_list().entries((0..self.size().0).map(|i| Row(self, i))).finish()
    }
}

impl<T: Display> Display for MatMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.shared(), f)
    }
}

impl<T: Debug> Debug for MatMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.shared(), f)
    }
}

impl<T: Display, const R: usize, const C: usize> Display for Matrix<T, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.view(), f)
    }
}

impl<T: LowerExp, const R: usize, const C: usize> LowerExp for Matrix<T, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        LowerExp::fmt(&self.view(), f)
    }
}

impl<T: Debug, const R: usize, const C: usize> Debug for Matrix<T, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.view(), f)
    }
}
