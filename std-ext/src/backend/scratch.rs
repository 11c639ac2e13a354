//! Buffers of a thread for packed operands: grown when a larger product comes, never freed before the thread ends, so that a
//! size that was computed once allocates nothing.

use super::lanes::Float;
use std::mem::take;

/// Which of a thread's two buffers; what uses the one may call what uses the other.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Packed operands of a product.
    Product,
    /// What is handed to a product.
    Operand,
}

/// A buffer on loan from its thread; dropping gives it back.
pub(super) struct Scratch<T: Float> {
    purpose: Purpose,
    numbers: Vec<T>,
    start: usize,
    len: usize,
}

/// Bytes of a line of the cache, where a buffer begins: then no aligned vector of it is in two lines.
const LINE: usize = 64;

impl<T: Float> Scratch<T> {
    /// `len` numbers of any value.
    pub(super) fn new(purpose: Purpose, len: usize) -> Self {
        // Without its thread's buffer, as when the thread ends, there is an empty one.
        let mut numbers = T::buffers().try_with(|buffers| buffers[purpose as usize].take()).unwrap_or_default();
        let room = len + LINE / size_of::<T>();
        if numbers.len() < room {
            numbers = vec![T::ZERO; room];
        }
        // Where a number is not aligned to its own size, alignment has no answer and does not matter.
        let start = numbers.as_ptr().align_offset(LINE).min(room - len);
        Self { purpose, numbers, start, len }
    }

    pub(super) fn numbers(&mut self) -> &mut [T] {
        &mut self.numbers[self.start..self.start + self.len]
    }
}

impl<T: Float> Drop for Scratch<T> {
    fn drop(&mut self) {
        let numbers = take(&mut self.numbers);
        // As above.
        let _ = T::buffers().try_with(|buffers| buffers[self.purpose as usize].set(numbers));
    }
}
