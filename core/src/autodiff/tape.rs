//! The tape: reverse-mode differentiation over memory that the caller owns.
//!
//! A computation y = f(x₁, …, xₙ) is recorded as nodes, each with at most four parents and the partial derivatives with
//! respect to them. With v̄ = ∂y/∂v, one sweep from the last node to the first,
//!
//! p̄ ← p̄ + v̄ · ∂v/∂p   for the parents p of each v,
//!
//! gives all n derivatives for a small multiple of the cost of f, however large n is. Source: A. Griewank and A. Walther,
//! "Evaluating Derivatives" (2nd ed., SIAM 2008), chapter 3, tables 3.4 and 3.6; DOI 10.1137/1.9780898717761.
//!
//! Only what depends on more than two others becomes a node: a [`Var`] carries its slopes with respect to two nodes, so
//! constants, functions of one argument and products of two variables cost none, and one node joins two of them
//! (preaccumulation, section 10.2 there). Memory is what limits reverse mode, and time follows it.
//!
//! A tape that is full goes on counting, values stay right, and the sweep reports once how many nodes are needed. Accuracy:
//! as forward mode, up to the order of sums. A node that does not reach y is not touched, so an infinite slope in an unused
//! branch does no harm. NaN and infinities go through as IEEE 754 has it.

use core::cell::Cell;
use core::fmt;

use super::Var;
use crate::error::{Error, check_length, check_workspace};
use crate::scalar::Real;

/// Room for one recorded operation. Fill an array with [`Node::EMPTY`] or a vector with `Node::default()` and hand it to
/// [`Tape::new`], whose type has an example.
pub struct Node<T> {
    // A cell a field and not one around all of them: the sweep then moves one number where it would copy the node.
    parents: Cell<[u32; 4]>,
    slopes: Cell<[T; 4]>,
    adjoint: Cell<T>,
}

/// In place of a parent that does not exist; no tape holds so many nodes.
pub(super) const NOBODY: u32 = u32::MAX;

impl<T: Real> Node<T> {
    /// What an array of nodes starts from: `[Node::EMPTY; 100]`.
    #[expect(clippy::declare_interior_mutable_const, reason = "only ever copied into the array that is filled with it")]
    pub const EMPTY: Self =
        Self { parents: Cell::new([NOBODY; 4]), slopes: Cell::new([T::ZERO; 4]), adjoint: Cell::new(T::ZERO) };
}

impl<T: Real> Default for Node<T> {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Room like any other: what a node holds is the tape's business.
impl<T: Real> Clone for Node<T> {
    fn clone(&self) -> Self {
        Self::EMPTY
    }
}

impl<T> fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").finish_non_exhaustive()
    }
}

/// A record of a computation on [`Var`]s, in the caller's slice of [`Node`]s.
///
/// ```
/// use gaussling_core::{autodiff::{Node, Tape}, scalar::Real};
///
/// let mut nodes = [Node::EMPTY; 4];
/// let tape = Tape::new(&mut nodes);
/// let (x, y) = (tape.variable(3.0), tape.variable(2.0));
/// let z = x * y + x.exp();
/// tape.sweep(z)?;
/// assert_eq!(tape.adjoint(y), 3.0);
/// assert_eq!(tape.adjoint(x), 2.0 + Real::exp(3.0));
/// assert_eq!(tape.len(), 3); // x, y and the sum: x·y and exp(x) wait to be joined
/// # Ok::<(), gaussling_core::Error>(())
/// ```
pub struct Tape<'a, T> {
    nodes: &'a [Node<T>],
    /// Nodes asked for, more than there are when the tape has overflowed.
    len: Cell<usize>,
    /// Variables that were made before anything was computed; the sweep ends there.
    leaves: Cell<usize>,
    /// The adjoints of an earlier sweep are still there.
    swept: Cell<bool>,
    /// A variable of another tape was used together with one of this.
    mixed: Cell<bool>,
}

impl<'a, T: Real> Tape<'a, T> {
    /// An empty tape over `nodes`, whatever they hold. Cost: none.
    pub fn new(nodes: &'a mut [Node<T>]) -> Self {
        let usable = nodes.len().min(NOBODY as usize);
        let nodes = nodes.get(..usable).unwrap_or_default();
        Self { nodes, len: Cell::new(0), leaves: Cell::new(0), swept: Cell::new(false), mixed: Cell::new(false) }
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
        self.leaves.set(0);
        self.swept.set(false);
        self.mixed.set(false);
    }

    /// A new independent variable; one node.
    #[inline]
    pub fn variable<'t>(&'t self, value: T) -> Var<'t, T>
    where
        'a: 't,
    {
        let index = self.len.get();
        let end = index.saturating_add(1);
        if let Some(node) = self.nodes.get(index) {
            node.adjoint.set(T::ZERO);
            node.parents.set([NOBODY; 4]);
        }
        if index == self.leaves.get() {
            self.leaves.set(end);
        }
        self.len.set(end);
        Var::of_node(value, index as u32, self)
    }

    /// Independent variables for all of `out`; the counter, a store and a load that wait for each other, moves once.
    pub(super) fn variables<'t>(&'t self, values: impl Iterator<Item = T>, out: &mut [Var<'t, T>])
    where
        'a: 't,
    {
        let first = self.len.get();
        let end = first.saturating_add(out.len());
        let room = self.nodes.get(first..end.min(self.nodes.len())).unwrap_or_default();
        if first == self.leaves.get() {
            self.leaves.set(end);
        } else {
            room.iter().for_each(|node| node.parents.set([NOBODY; 4]));
        }
        room.iter().for_each(|node| node.adjoint.set(T::ZERO));
        for ((var, value), index) in out.iter_mut().zip(values).zip(first..) {
            *var = Var::of_node(value, index as u32, self);
        }
        self.len.set(end);
    }

    /// A new node and the variable that stands for it.
    #[inline]
    pub(super) fn record(&self, value: T, parents: [u32; 4], slopes: [T; 4]) -> Var<'_, T> {
        let index = self.len.get();
        if let Some(node) = self.nodes.get(index) {
            node.parents.set(parents);
            node.slopes.set(slopes);
            node.adjoint.set(T::ZERO);
        }
        self.len.set(index.saturating_add(1));
        Var::of_node(value, index as u32, self)
    }

    pub(super) fn mark_mixed(&self) {
        self.mixed.set(true);
    }

    /// Computes ∂y/∂v for every variable v on the tape; read them with [`adjoint`](Self::adjoint).
    ///
    /// May be called again for another `y`. Errors: [`Error::Workspace`] with the nodes needed when the record did not fit,
    /// [`Error::InvalidOption`] when variables of two tapes were mixed. Cost: four multiplications and additions a node.
    pub fn sweep(&self, y: Var<'_, T>) -> Result<(), Error> {
        self.sweep_weighted(&[y], &[T::ONE])
    }

    /// As [`sweep`](Self::sweep) for Σ wᵢ yᵢ: the transposed Jacobian times `weights`.
    ///
    /// Errors: those of [`sweep`](Self::sweep), and [`Error::Length`] when there are not as many weights as outputs.
    ///
    /// ```
    /// use gaussling_core::autodiff::{Node, Tape};
    /// let mut nodes = [Node::EMPTY; 4];
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
            nodes.iter().for_each(|node| node.adjoint.set(T::ZERO));
        }
        for (y, &weight) in outputs.iter().zip(weights) {
            for (node, slope) in y.terms() {
                add_adjoint(nodes, node, weight * slope);
            }
        }
        // What the first parent gets waits here if that is the node before this one, as in a long sum: a store and a load less
        // between two steps. To look for it among all four parents costs more than it brings.
        let mut carried = T::ZERO;
        for (index, node) in nodes.iter().enumerate().skip(self.leaves.get()).rev() {
            let adjoint = node.adjoint.get() + carried;
            carried = T::ZERO;
            node.adjoint.set(adjoint);
            // All parts must be zero for the node to be skipped: a zero adjoint may have derivatives of its own.
            if adjoint.is_zero() {
                continue;
            }
            let ([p, q, r, s], [a, b, c, d]) = (node.parents.get(), node.slopes.get());
            if (p as usize).wrapping_add(1) == index {
                carried = adjoint * a;
            } else {
                add_adjoint(nodes, p, adjoint * a);
            }
            add_adjoint(nodes, q, adjoint * b);
            add_adjoint(nodes, r, adjoint * c);
            add_adjoint(nodes, s, adjoint * d);
        }
        if let Some(last) = self.leaves.get().checked_sub(1) {
            add_adjoint(nodes, last as u32, carried);
        }
        Ok(())
    }

    /// The adjoints of the nodes in the order of the record; the first belong to the variables of a driver.
    pub(super) fn adjoints(&self) -> impl Iterator<Item = T> {
        self.nodes.iter().map(|node| node.adjoint.get())
    }

    /// ∂y/∂x from the last sweep, for an `x` made by [`variable`](Self::variable).
    ///
    /// Zero for a constant, before any sweep, and for a variable of another tape. For a derived quantity it is the derivative
    /// with respect to the first node that this is a function of.
    #[inline]
    pub fn adjoint(&self, x: Var<'_, T>) -> T {
        let node = if x.is_of_another(self) { None } else { x.terms().next() };
        node.and_then(|(index, _)| self.nodes.get(index as usize)).map_or(T::ZERO, |node| node.adjoint.get())
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
fn add_adjoint<T: Real>(nodes: &[Node<T>], index: u32, term: T) {
    if let Some(Node { adjoint, .. }) = nodes.get(index as usize) {
        adjoint.set(adjoint.get() + term);
    }
}
