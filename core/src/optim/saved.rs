//! [`SaveState`]: the hidden state of a method as a plain slice of numbers, so that a run can be interrupted.
//!
//! A restored method goes on with the bits of one that was never interrupted. The slice starts with a tag of the type; then
//! come numbers as they are, and
//!
//! * a count, or an index, as four digits to the base 2²⁰, the lowest first: exact in `f32` too;
//! * a flag as 0 or 1; an option as a flag, then the number, 0 for none.
//!
//! So the slice may be stored in any form that keeps the bits of its numbers. What is *not* part of it: options, sizes
//! and data, which the method to be restored has been set up with as before; θ, which is the caller's.

use crate::error::{Error, check_length};
use crate::matrix::slice::copy;
use crate::scalar::Real;

/// Digits of counts are below this.
const BASE: u64 = 1 << 20;

/// Digits of a count: enough for 64 bits.
const DIGITS: usize = 4;

/// A method, or an objective, whose state can be saved and restored bit for bit.
///
/// Save θ with it. Where the method works on an [`Objective`](super::Objective), save and restore this as well:
/// products are taken at its last point, and [`VarProConvex`](super::VarProConvex) starts its inner solves from the
/// last W.
///
/// ```
/// use gaussling_core::optim::{Adam, SaveState, Update, adam_state_len};
/// use gaussling_core::Portable;
/// let new = || Adam::new(0.1_f32, [0.0; adam_state_len(2)]);
/// let (mut theta, mut adam) = ([1.0, 2.0], new());
/// adam.update(&Portable, &mut theta, &[0.3, -0.4])?;
///
/// let mut checkpoint = [0.0; 7]; // or a Vec of state_len()
/// adam.save(&mut checkpoint)?;
/// let (mut again, mut restored) = (theta, new());
/// restored.restore(&checkpoint)?;
///
/// adam.update(&Portable, &mut theta, &[0.5, 0.6])?;
/// restored.update(&Portable, &mut again, &[0.5, 0.6])?;
/// assert_eq!(theta.map(f32::to_bits), again.map(f32::to_bits));
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub trait SaveState<T: Real> {
    /// A number below 2²⁰ that tells one type's state from another's. Those below 1000 are taken by this crate.
    fn tag(&self) -> usize;

    /// Writes everything that later steps depend on, always in the same order and number.
    fn write(&self, out: &mut StateWriter<'_, T>);

    /// Reads what [`write`](Self::write) wrote.
    fn read(&mut self, from: &mut StateReader<'_, T>) -> Result<(), Error>;

    /// Length of the state.
    fn state_len(&self) -> usize {
        let mut counter = StateWriter { out: &mut [], len: 1 };
        self.write(&mut counter);
        counter.len
    }

    /// Writes the state, of length [`state_len`](Self::state_len).
    ///
    /// Errors: [`Error::Length`]; nothing is written.
    fn save(&self, state: &mut [T]) -> Result<(), Error> {
        check_length("state", self.state_len(), state.len())?;
        let mut out = StateWriter { out: state, len: 0 };
        out.number(T::from_usize(self.tag()));
        self.write(&mut out);
        Ok(())
    }

    /// Takes the state over, into a method that was set up with the same sizes and options.
    ///
    /// Errors: [`Error::Length`], or [`Error::InvalidState`] at 0 for a state of another type: nothing has changed.
    /// [`Error::InvalidState`] elsewhere: there is no count or flag where one belongs; the method then holds parts of
    /// the state and has to be restored again or set up anew.
    fn restore(&mut self, state: &[T]) -> Result<(), Error> {
        check_length("state", self.state_len(), state.len())?;
        let mut from = StateReader { state, at: 0 };
        if from.number().value() != self.tag() as f64 {
            return Err(Error::InvalidState { index: 0 });
        }
        self.read(&mut from)
    }
}

/// Where [`SaveState::write`] writes to.
#[derive(Debug)]
pub struct StateWriter<'a, T> {
    /// Empty when the length alone is asked for.
    out: &'a mut [T],
    len: usize,
}

impl<T: Real> StateWriter<'_, T> {
    /// A number.
    pub fn number(&mut self, x: T) {
        self.numbers(&[x]);
    }

    /// Numbers, the count of which the reader knows.
    pub fn numbers(&mut self, x: &[T]) {
        let end = self.len.saturating_add(x.len());
        if let Some(out) = self.out.get_mut(self.len..end) {
            copy(x, out);
        }
        self.len = end;
    }

    /// A count or an index.
    pub fn count(&mut self, n: usize) {
        let mut rest = n as u64;
        for _ in 0..DIGITS {
            self.number(T::from_f64((rest % BASE) as f64));
            rest /= BASE;
        }
    }

    /// A flag.
    pub fn flag(&mut self, flag: bool) {
        self.number(if flag { T::ONE } else { T::ZERO });
    }

    /// A number or none.
    pub fn option(&mut self, x: Option<T>) {
        self.flag(x.is_some());
        self.number(x.unwrap_or(T::ZERO));
    }
}

/// Where [`SaveState::read`] reads from.
#[derive(Debug)]
pub struct StateReader<'a, T> {
    state: &'a [T],
    at: usize,
}

impl<'a, T: Real> StateReader<'a, T> {
    /// The next number; 0 beyond the end, which a `read` in step with `write` does not reach.
    pub fn number(&mut self) -> T {
        self.slice(1).first().copied().unwrap_or(T::ZERO)
    }

    /// The next numbers, as many as `out` has.
    pub fn numbers(&mut self, out: &mut [T]) {
        let next = self.slice(out.len());
        out.iter_mut().zip(next).for_each(|(out, &x)| *out = x);
    }

    /// The next `len` numbers, in place.
    pub fn slice(&mut self, len: usize) -> &'a [T] {
        let start = self.at;
        self.at = start.saturating_add(len);
        self.state.get(start..self.at).unwrap_or_default()
    }

    /// A count or an index, at most `max`; [`Error::InvalidState`] for anything else.
    pub fn count(&mut self, max: usize) -> Result<usize, Error> {
        let invalid = Error::InvalidState { index: self.at };
        let mut n = 0_u64;
        for &digit in self.slice(DIGITS).iter().rev() {
            let value = digit.value();
            let digit = value as u64; // 0 for NaN and what is negative
            if digit as f64 != value || digit >= BASE {
                return Err(invalid);
            }
            n = n.checked_mul(BASE).and_then(|n| n.checked_add(digit)).ok_or(invalid)?;
        }
        usize::try_from(n).ok().filter(|&n| n <= max).ok_or(invalid)
    }

    /// A flag; [`Error::InvalidState`] for a number that is not 0 or 1.
    pub fn flag(&mut self) -> Result<bool, Error> {
        let index = self.at;
        let value = self.number().value();
        if value == 0.0 || value == 1.0 { Ok(value == 1.0) } else { Err(Error::InvalidState { index }) }
    }

    /// A number or none.
    pub fn option(&mut self) -> Result<Option<T>, Error> {
        let flag = self.flag()?;
        let value = self.number();
        Ok(flag.then_some(value))
    }
}
