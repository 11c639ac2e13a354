//! The one error type of the core.
//!
//! Contract: an `Error` means that a call was *misused* (wrong shape, short workspace, bad option, non-finite input, a
//! matrix that the routine cannot factor). It is checked at the public entry. An iterative method that merely stops returns
//! `Ok` with a status instead.

use core::fmt;

/// Why a call was refused. Small and `Copy`; unless a routine says otherwise, its outputs are untouched.
///
/// ```
/// use gaussling_core::{Error, MatRef};
/// let refused = MatRef::new(&[1.0, 2.0, 3.0], 2, 2);
/// assert_eq!(refused, Err(Error::Length { what: "matrix elements", expected: 4, found: 3 }));
/// assert_eq!(refused.unwrap_err().to_string(), "matrix elements has length 3, but must have 4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The matrix `what` has another shape than the call needs; shapes are `(rows, columns)`.
    Shape {
        /// The argument's name.
        what: &'static str,
        /// The shape the other arguments call for.
        expected: (usize, usize),
        /// The shape that was given.
        found: (usize, usize),
    },
    /// The slice `what` has another length than the call needs.
    Length {
        /// The argument's name.
        what: &'static str,
        /// The length the other arguments call for.
        expected: usize,
        /// The length that was given.
        found: usize,
    },
    /// A buffer for workspace, cache or state is too short.
    Workspace {
        /// The argument's name.
        what: &'static str,
        /// The least length that will do.
        needed: usize,
        /// The length that was given.
        found: usize,
    },
    /// The argument `what` holds NaN or an infinity; or a result of that name would, because it is not representable.
    NonFinite {
        /// The argument's name.
        what: &'static str,
    },
    /// A pivot of a Cholesky factorization, of its downdate or of an LDLᵀ factorization is not positive: the matrix is not
    /// positive definite, or not semi-definite.
    NotPositiveDefinite {
        /// Index of the failing pivot, from 0.
        pivot: usize,
    },
    /// A diagonal element of a triangular matrix, a pivot of an elimination (to rounding) or a singular value is zero.
    Singular {
        /// Its index, from 0.
        column: usize,
    },
    /// A saved state has no count, flag or tag of its type at this place: it is damaged, or that of another method.
    InvalidState {
        /// Index into the state.
        index: usize,
    },
    /// An option is outside its range.
    InvalidOption {
        /// The option and the inequality it must fulfil.
        what: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Shape { what, expected: (r, c), found: (fr, fc) } => {
                write!(f, "{what} is {fr} x {fc}, but must be {r} x {c}")
            }
            Self::Length { what, expected, found } => write!(f, "{what} has length {found}, but must have {expected}"),
            Self::Workspace { what, needed, found } => {
                write!(f, "{what} has length {found}, but at least {needed} is needed")
            }
            Self::NonFinite { what } => write!(f, "{what} holds NaN or an infinity"),
            Self::NotPositiveDefinite { pivot } => {
                write!(f, "matrix is not positive definite: pivot {pivot} is not positive")
            }
            Self::Singular { column } => write!(f, "matrix is singular: diagonal element or pivot {column} is zero"),
            Self::InvalidState { index } => {
                write!(f, "saved state is damaged, or of another method, at element {index}")
            }
            Self::InvalidOption { what } => write!(f, "option out of range: {what}"),
        }
    }
}

impl core::error::Error for Error {}

/// `Ok` when `found` equals `expected`, else [`Error::Length`].
pub(crate) fn check_length(what: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Length { what, expected, found }) }
}

/// `Ok` when `found` is at least `needed`, else [`Error::Workspace`].
pub(crate) fn check_workspace(what: &'static str, needed: usize, found: usize) -> Result<(), Error> {
    if found >= needed { Ok(()) } else { Err(Error::Workspace { what, needed, found }) }
}

/// `Ok` when `found` equals `expected`, else [`Error::Shape`].
pub(crate) fn check_shape(what: &'static str, expected: (usize, usize), found: (usize, usize)) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Shape { what, expected, found }) }
}

/// Cuts `len` elements off the front of `buffer` and leaves the rest in it; [`Error::Workspace`] when it is too short.
pub(crate) fn take<'a, T>(what: &'static str, buffer: &mut &'a mut [T], len: usize) -> Result<&'a mut [T], Error> {
    let whole = core::mem::take(buffer);
    let found = whole.len();
    let (head, tail) = whole.split_at_mut_checked(len).ok_or(Error::Workspace { what, needed: len, found })?;
    *buffer = tail;
    Ok(head)
}
