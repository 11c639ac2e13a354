//! The tape: reverse-mode differentiation over memory that the caller owns.
//!
//! A computation y = f(x₁, …, xₙ) is recorded as nodes, each with at most two parents and the partial derivatives with
//! respect to them. With v̄ = ∂y/∂v, one sweep from the last node to the first,
//!
//! p̄ ← p̄ + v̄ · ∂v/∂p   for both parents p of each v,
//!
//! gives all n derivatives for a small multiple of the cost of f, however large n is. Source: A. Griewank and A. Walther,
//! "Evaluating Derivatives" (2nd ed., SIAM 2008), chapter 3, tables 3.4 and 3.6; DOI 10.1137/1.9780898717761.
//!
//! Only what joins two different variables becomes a node: a [`Var`] carries its slope with respect to one node, so
//! constants, functions of one argument and products with constants cost none (preaccumulation, section 10.2 there). Memory
//! is what limits reverse mode, and time follows it.
//!
//! A tape that is full goes on counting, values stay right, and the sweep reports once how many nodes are needed. Accuracy:
//! as forward mode, up to the order of sums. A node that does not reach y is not touched, so an infinite slope in an unused
//! branch does no harm. NaN and infinities go through as IEEE 754 has it.

use core::cell::Cell;
use core::fmt;

use super::Var;
use crate::error::{Error, check_length, check_workspace};
use crate::scalar::Real;

/// Room for one recorded operation. Fill an array or a vector with `Node::default()` and hand it to [`Tape::new`], whose
/// type has an example.
#[derive(Clone, Copy, Debug)]
pub struct Node<T> {
    parents: [u32; 2],
    slopes: [T; 2],
    adjoint: T,
}

/// In place of a parent that does not exist; no tape holds so many nodes.
const NOBODY: u32 = u32::MAX;

impl<T: Real> Default for Node<T> {
    fn default() -> Self {
        Self { parents: [NOBODY; 2], slopes: [T::ZERO; 2], adjoint: T::ZERO }
    }
}

/// A record of a computation on [`Var`]s, in the caller's slice of [`Node`]s.
///
/// ```
/// use gaussling_core::{autodiff::{Node, Tape}, scalar::Real};
///
/// let mut nodes = [Node::default(); 4];
/// let tape = Tape::new(&mut nodes);
/// let (x, y) = (tape.variable(3.0), tape.variable(2.0));
/// let z = x * y + x.exp();
/// tape.sweep(z)?;
/// assert_eq!(tape.adjoint(y), 3.0);
/// assert_eq!(tape.adjoint(x), 2.0 + Real::exp(3.0));
/// assert_eq!(tape.len(), 4); // x, y, x·y and the sum: the exponential has one argument and no node
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub struct Tape<'a, T> {
    nodes: &'a [Cell<Node<T>>],
    /// Nodes asked for, more than there are when the tape has overflowed.
    len: Cell<usize>,
    /// The adjoints of an earlier sweep are still there.
    swept: Cell<bool>,
    /// A variable of another tape was used together with one of this.
    mixed: Cell<bool>,
}

impl<'a, T: Real> Tape<'a, T> {
    /// An empty tape over `nodes`, whatever they hold. Cost: none.
    pub fn new(nodes: &'a mut [Node<T>]) -> Self {
        let usable = nodes.len().min(NOBODY as usize);
        let nodes = Cell::from_mut(nodes).as_slice_of_cells();
        let nodes = nodes.get(..usable).unwrap_or_default();
        Self { nodes, len: Cell::new(0), swept: Cell::new(false), mixed: Cell::new(false) }
    }

    /// Nodes that the record needs so far; after an overflow more than [`capacity`](Self::capacity).
    #[inline]
    pub fn len(&self) -> usize {
        self.len.get()
    }

    /// Whether nothing is recorded.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Nodes that there is room for.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.nodes.len()
    }

    /// Forgets the record, and with it an overflow. The exclusive borrow proves that no variable is left.
    pub fn clear(&mut self) {
        self.rewind();
    }

    /// [`clear`](Self::clear) for drivers, which know that no variable outlives them.
    pub(super) fn rewind(&self) {
        self.len.set(0);
        self.swept.set(false);
        self.mixed.set(false);
    }

    /// A new independent variable; one node.
    #[inline]
    pub fn variable<'t>(&'t self, value: T) -> Var<'t, T>
    where
        'a: 't,
    {
        self.record(value, [NOBODY as usize; 2], [T::ZERO; 2])
    }

    /// Independent variables for all of `out`; the counter, a store and a load that wait for each other, moves once.
    pub(super) fn variables<'t>(&'t self, values: impl Iterator<Item = T>, out: &mut [Var<'t, T>])
    where
        'a: 't,
    {
        let mut index = self.len.get();
        for (var, value) in out.iter_mut().zip(values) {
            if let Some(cell) = self.nodes.get(index) {
                cell.set(Node::default());
            }
            *var = Var::of_node(value, index, self);
            index = index.saturating_add(1);
        }
        self.len.set(index);
    }

    /// A new node and the variable that stands for it.
    #[inline]
    pub(super) fn record(&self, value: T, parents: [usize; 2], slopes: [T; 2]) -> Var<'_, T> {
        let index = self.len.get();
        if let Some(cell) = self.nodes.get(index) {
            // Parents came earlier, so they fit where the index does.
            cell.set(Node { parents: parents.map(|p| p as u32), slopes, adjoint: T::ZERO });
        }
        self.len.set(index.saturating_add(1));
        Var::of_node(value, index, self)
    }

    pub(super) fn mark_mixed(&self) {
        self.mixed.set(true);
    }

    /// Computes ∂y/∂v for every variable v on the tape; read them with [`adjoint`](Self::adjoint).
    ///
    /// May be called again for another `y`. Errors: [`Error::Workspace`] with the nodes needed when the record did not fit,
    /// [`Error::InvalidOption`] when variables of two tapes were mixed. Cost: two multiplications and additions a node.
    pub fn sweep(&self, y: Var<'_, T>) -> Result<(), Error> {
        self.sweep_weighted(&[y], &[T::ONE])
    }

    /// As [`sweep`](Self::sweep) for Σ wᵢ yᵢ: the transposed Jacobian times `weights`.
    ///
    /// Errors: those of [`sweep`](Self::sweep), and [`Error::Length`] when there are not as many weights as outputs.
    ///
    /// ```
    /// use gaussling_core::autodiff::{Node, Tape};
    /// let mut nodes = [Node::default(); 4];
    /// let tape = Tape::new(&mut nodes);
    /// let (x, y) = (tape.variable(3.0), tape.variable(2.0));
    /// tape.sweep_weighted(&[x * y, x - y], &[1.0, 10.0])?; // of xy + 10(x − y)
    /// assert_eq!((tape.adjoint(x), tape.adjoint(y)), (12.0, -7.0));
    /// # Ok::<(), gaussling_core::Error>(())
    /// ```
    pub fn sweep_weighted(&self, outputs: &[Var<'_, T>], weights: &[T]) -> Result<(), Error> {
        check_length("weights", outputs.len(), weights.len())?;
        check_workspace("tape", self.len(), self.capacity())?;
        if self.mixed.get() || outputs.iter().any(|y| y.is_of_another(self)) {
            return Err(Error::InvalidOption { what: "all variables of a computation are of one tape" });
        }
        let nodes = self.nodes.get(..self.len()).unwrap_or_default();
        if self.swept.replace(true) {
            nodes.iter().for_each(|cell| cell.set(Node { adjoint: T::ZERO, ..cell.get() }));
        }
        for (y, &weight) in outputs.iter().zip(weights) {
            if let Some(index) = y.node() {
                add_adjoint(nodes, index, weight * y.slope());
            }
        }
        for cell in nodes.iter().rev() {
            let Node { parents: [p, q], slopes: [slope_p, slope_q], adjoint } = cell.get();
            // All parts must be zero for the node to be skipped: a zero adjoint may have derivatives of its own.
            if !adjoint.is_zero() {
                add_adjoint(nodes, p as usize, adjoint * slope_p);
                add_adjoint(nodes, q as usize, adjoint * slope_q);
            }
        }
        Ok(())
    }

    /// ∂y/∂x from the last sweep, for an `x` made by [`variable`](Self::variable).
    ///
    /// Zero for a constant, before any sweep, and for a variable of another tape. For a derived quantity u it is the
    /// derivative with respect to the node that u is a function of.
    #[inline]
    pub fn adjoint(&self, x: Var<'_, T>) -> T {
        let node = if x.is_of_another(self) { None } else { x.node() };
        node.and_then(|index| self.nodes.get(index)).map_or(T::ZERO, |cell| cell.get().adjoint)
    }
}

impl<T> fmt::Debug for Tape<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tape")
            .field("len", &self.len.get())
            .field("capacity", &self.nodes.len())
            .finish_non_exhaustive()
    }
}

/// Does nothing for a parent that does not exist.
#[inline]
fn add_adjoint<T: Real>(nodes: &[Cell<Node<T>>], index: usize, term: T) {
    if let Some(cell) = nodes.get(index) {
        let node = cell.get();
        cell.set(Node { adjoint: node.adjoint + term, ..node });
    }
}
