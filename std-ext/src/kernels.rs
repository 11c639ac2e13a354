//! The backend of everything that trains or predicts here. An exported model is the exception: it promises the portable bits.

use gaussling_core::Portable;

/// Its type.
pub(crate) type Kernels = Portable;

/// The one in use.
pub(crate) const KERNELS: Kernels = Portable;
