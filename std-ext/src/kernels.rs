//! The backend of everything that trains or predicts here. An exported model is the exception: it promises the portable bits.

use std::sync::LazyLock;

use crate::backend::Fast;

/// The fastest kernels of this CPU.
pub(crate) fn kernels() -> &'static Fast {
    static KERNELS: LazyLock<Fast> = LazyLock::new(Fast::detect);
    &KERNELS
}
