//! [`Lanes`]: a vector register of numbers, and [`Float`]: the registers that a type of numbers has on each level.
//!
//! Why intrinsics and not arrays of numbers: written over arrays, the innermost loop of a product with 24 × 8 sums became
//! gathers and scatters for AVX-512, and copies from register to register for AVX2 (rustc 1.95). With these few operations the sums
//! stay in registers whatever the compiler's mood.

use gaussling_core::Real;
use std::cell::Cell;
use std::thread::LocalKey;

/// `N` numbers in one register.
///
/// # Safety
/// Every method needs a CPU with the instructions of the register's level, and should be inlined into a function that is compiled
/// for them. Pointers need no alignment.
pub(super) trait Lanes: Copy {
    /// The numbers.
    type Scalar: Float;
    /// How many.
    const N: usize;
    /// How many such registers the CPU has.
    const REGISTERS: usize;
    /// Whether `load_part` takes no longer than `load`.
    const PARTS_ARE_FREE: bool;

    /// N times x.
    unsafe fn splat(x: Self::Scalar) -> Self;
    /// The N numbers at `from`, all readable.
    unsafe fn load(from: *const Self::Scalar) -> Self;
    /// The first n ≤ N numbers at `from`, then zeros; only those n are read.
    unsafe fn load_part(from: *const Self::Scalar, n: usize) -> Self;
    /// Writes the N numbers to `to`.
    unsafe fn store(self, to: *mut Self::Scalar);
    /// Writes the first n ≤ N numbers to `to`.
    unsafe fn store_part(self, to: *mut Self::Scalar, n: usize);
    /// self + other
    unsafe fn add(self, other: Self) -> Self;
    /// self − other
    unsafe fn sub(self, other: Self) -> Self;
    /// self · other
    unsafe fn mul(self, other: Self) -> Self;
    /// self / other
    unsafe fn div(self, other: Self) -> Self;
    /// √self
    unsafe fn sqrt(self) -> Self;
    /// Number by number `yes` where self ≥ other, `no` elsewhere.
    unsafe fn select_ge(self, other: Self, yes: Self, no: Self) -> Self;
    /// Bit i is set where number i of self is greater than that of other.
    unsafe fn greater(self, other: Self) -> u32;
    /// self · factor + summand, rounded once.
    unsafe fn mul_add(self, factor: Self, summand: Self) -> Self;
    /// The sum of the N numbers: the upper half is added to the lower one, and so on.
    unsafe fn sum(self) -> Self::Scalar;
}

/// `f32` and `f64`, the numbers that [`Fast`](super::Fast) computes with.
#[doc(hidden)]
#[allow(private_bounds, private_interfaces, reason = "closed to other crates: the module is private")]
pub trait Float: Real + Send + Sync + 'static {
    /// 64 bytes.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Lanes<Scalar = Self>;
    /// 32 bytes.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Lanes<Scalar = Self>;
    /// 16 bytes.
    #[cfg(target_arch = "aarch64")]
    type Neon: Lanes<Scalar = Self>;

    /// This thread's buffers for packed operands; see `scratch.rs`.
    fn buffers() -> &'static LocalKey<[Cell<Vec<Self>>; 2]>;
    /// self · factor + summand, rounded once: one instruction where it is called from a function compiled for it.
    fn fused(self, factor: Self, summand: Self) -> Self;
    /// √self by the standard library: an instruction, also of vectors.
    fn root(self) -> Self;

    /// Rows and columns of the blocks that [`transpose`](Self::transpose) moves.
    const SIDE: usize;
    /// Asks for the line of the cache that holds `at`, which may be anywhere.
    fn prefetch(at: *const Self);
    /// Writes the transpose of the block whose rows begin `stride` numbers apart to rows that begin `to_stride` apart.
    ///
    /// # Safety
    /// SIDE × SIDE numbers can be read and written; on x86-64 the CPU has AVX2.
    unsafe fn transpose(from: *const Self, stride: usize, to: *mut Self, to_stride: usize);
}

macro_rules! float {
    ($float:ident, $avx512:ident, $avx2:ident, $neon:ident, $side:literal, $transpose:ident) => {
        impl Float for $float {
            #[cfg(target_arch = "x86_64")]
            type Avx512 = x86::$avx512;
            #[cfg(target_arch = "x86_64")]
            type Avx2 = x86::$avx2;
            #[cfg(target_arch = "aarch64")]
            type Neon = arm::$neon;

            fn buffers() -> &'static LocalKey<[Cell<Vec<Self>>; 2]> {
                thread_local!(static BUFFERS: [Cell<Vec<$float>>; 2] = const { [const { Cell::new(Vec::new()) }; 2] });
                &BUFFERS
            }
            #[inline(always)]
            fn root(self) -> Self {
                $float::sqrt(self)
            }
            #[inline(always)]
            fn fused(self, factor: Self, summand: Self) -> Self {
                self.mul_add(factor, summand)
            }

            #[inline(always)]
            fn prefetch(at: *const Self) {
                // SAFETY: a hint; every x86-64 has it, and no address makes it fail.
                #[cfg(target_arch = "x86_64")]
                unsafe {
                    x86::_mm_prefetch::<{ x86::_MM_HINT_T0 }>(at.cast());
                }
                #[cfg(not(target_arch = "x86_64"))]
                let _ = at;
            }

            const SIDE: usize = $side;
            #[cfg(target_arch = "x86_64")]
            #[inline(always)]
            unsafe fn transpose(from: *const Self, stride: usize, to: *mut Self, to_stride: usize) {
                // SAFETY: the caller's.
                unsafe { x86::$transpose(from, stride, to, to_stride) }
            }
            #[cfg(not(target_arch = "x86_64"))]
            #[inline(always)]
            unsafe fn transpose(from: *const Self, stride: usize, to: *mut Self, to_stride: usize) {
                for i in 0..$side {
                    for j in 0..$side {
                        // SAFETY: the caller's.
                        unsafe { *to.add(j * to_stride + i) = *from.add(i * stride + j) };
                    }
                }
            }
        }
    };
}

float!(f64, __m512d, __m256d, float64x2_t, 4, transpose_wide);
float!(f32, __m512, __m256, float32x4_t, 8, transpose_narrow);

/// The operations of one register type, by the intrinsics of their names.
macro_rules! lanes {
    ($vector:ident: $n:literal $scalar:ident, $registers:literal registers, parts free: $free:literal;
     $splat:ident $load:ident $store:ident $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident;
     |$left:ident, $right:ident, $yes:ident, $no:ident| $select_ge:expr; |$p:ident, $q:ident| $greater:expr;
     |$x:ident, $y:ident, $z:ident| $fused:expr; |$all:ident| $sum:expr;
     |$from:ident, $m:ident| $load_part:expr; |$value:ident, $to:ident, $k:ident| $store_part:expr;) => {
        // SAFETY, for all of them: the contract of the trait is that of the intrinsics.
        impl Lanes for $vector {
            type Scalar = $scalar;
            const N: usize = $n;
            const REGISTERS: usize = $registers;
            const PARTS_ARE_FREE: bool = $free;
            #[inline(always)]
            unsafe fn splat(x: $scalar) -> Self {
                unsafe { $splat(x) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $scalar) -> Self {
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn load_part($from: *const $scalar, $m: usize) -> Self {
                unsafe { $load_part }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $scalar) {
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn store_part(self, $to: *mut $scalar, $k: usize) {
                let $value = self;
                unsafe { $store_part }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn sub(self, other: Self) -> Self {
                unsafe { $sub(self, other) }
            }
            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                unsafe { $mul(self, other) }
            }
            #[inline(always)]
            unsafe fn div(self, other: Self) -> Self {
                unsafe { $div(self, other) }
            }
            #[inline(always)]
            unsafe fn sqrt(self) -> Self {
                unsafe { $sqrt(self) }
            }
            #[inline(always)]
            unsafe fn select_ge(self, $right: Self, $yes: Self, $no: Self) -> Self {
                let $left = self;
                unsafe { $select_ge }
            }
            #[inline(always)]
            unsafe fn greater(self, $q: Self) -> u32 {
                let $p = self;
                unsafe { $greater }
            }
            #[inline(always)]
            unsafe fn mul_add(self, $y: Self, $z: Self) -> Self {
                let $x = self;
                unsafe { $fused }
            }
            #[inline(always)]
            unsafe fn sum(self) -> $scalar {
                let $all = self;
                unsafe { $sum }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    pub(super) use std::arch::x86_64::*;

    /// The first n lanes.
    #[inline(always)]
    fn first(n: usize) -> u16 {
        ((1_u32 << n) - 1) as u16
    }

    lanes! { __m512d: 8 f64, 32 registers, parts free: true;
        _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_sqrt_pd;
        |x, y, yes, no| _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_GE_OQ>(x, y), no, yes);
        |x, y| _mm512_cmp_pd_mask::<_CMP_GT_OQ>(x, y).into();
        |x, y, z| _mm512_fmadd_pd(x, y, z); |x| _mm512_reduce_add_pd(x);
        |from, n| _mm512_maskz_loadu_pd(first(n) as u8, from);
        |value, to, n| _mm512_mask_storeu_pd(to, first(n) as u8, value);
    }
    lanes! { __m512: 16 f32, 32 registers, parts free: true;
        _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_sqrt_ps;
        |x, y, yes, no| _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(x, y), no, yes);
        |x, y| _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, y).into();
        |x, y, z| _mm512_fmadd_ps(x, y, z); |x| _mm512_reduce_add_ps(x);
        |from, n| _mm512_maskz_loadu_ps(first(n), from);
        |value, to, n| _mm512_mask_storeu_ps(to, first(n), value);
    }

    /// 4 × 4 numbers of 8 bytes.
    #[inline(always)]
    pub(super) unsafe fn transpose_wide(from: *const f64, stride: usize, to: *mut f64, to_stride: usize) {
        unsafe {
            let row = |i: usize| _mm256_loadu_pd(from.add(i * stride));
            let (a, b, c, d) = (row(0), row(1), row(2), row(3));
            let (even, odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            let (even_low, odd_low) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
            _mm256_storeu_pd(to, _mm256_permute2f128_pd::<0x20>(even, even_low));
            _mm256_storeu_pd(to.add(to_stride), _mm256_permute2f128_pd::<0x20>(odd, odd_low));
            _mm256_storeu_pd(to.add(2 * to_stride), _mm256_permute2f128_pd::<0x31>(even, even_low));
            _mm256_storeu_pd(to.add(3 * to_stride), _mm256_permute2f128_pd::<0x31>(odd, odd_low));
        }
    }

    /// 8 × 8 numbers of 4 bytes: pairs of neighbours, then pairs of pairs, then halves of registers change places.
    #[inline(always)]
    pub(super) unsafe fn transpose_narrow(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
        unsafe {
            let mut quads = [_mm256_setzero_ps(); 8]; // element j and j + 4 of rows 0..4, then those of rows 4..8
            for half in 0..2 {
                let row = |i: usize| _mm256_loadu_ps(from.add((4 * half + i) * stride));
                let (a, b, c, d) = (row(0), row(1), row(2), row(3));
                let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (low_next, high_next) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                quads[4 * half] = _mm256_shuffle_ps::<0x44>(low, low_next);
                quads[4 * half + 1] = _mm256_shuffle_ps::<0xee>(low, low_next);
                quads[4 * half + 2] = _mm256_shuffle_ps::<0x44>(high, high_next);
                quads[4 * half + 3] = _mm256_shuffle_ps::<0xee>(high, high_next);
            }
            for j in 0..4 {
                let (upper, lower) = (quads[j], quads[j + 4]);
                _mm256_storeu_ps(to.add(j * to_stride), _mm256_permute2f128_ps::<0x20>(upper, lower));
                _mm256_storeu_ps(to.add((j + 4) * to_stride), _mm256_permute2f128_ps::<0x31>(upper, lower));
            }
        }
    }

    /// All bits of the first n lanes of 8 and of 4 bytes.
    #[inline(always)]
    unsafe fn wide(n: usize) -> __m256i {
        unsafe { _mm256_cmpgt_epi64(_mm256_set1_epi64x(n as i64), _mm256_setr_epi64x(0, 1, 2, 3)) }
    }
    #[inline(always)]
    unsafe fn narrow(n: usize) -> __m256i {
        unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
    }

    #[inline(always)]
    unsafe fn sum_wide(x: __m256d) -> f64 {
        unsafe {
            let x = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x));
            _mm_cvtsd_f64(_mm_add_sd(x, _mm_unpackhi_pd(x, x)))
        }
    }
    #[inline(always)]
    unsafe fn sum_narrow(x: __m256) -> f32 {
        unsafe {
            let x = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
            let x = _mm_add_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)))
        }
    }

    lanes! { __m256d: 4 f64, 16 registers, parts free: false;
        _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_sqrt_pd;
        |x, y, yes, no| _mm256_blendv_pd(no, yes, _mm256_cmp_pd::<_CMP_GE_OQ>(x, y));
        |x, y| _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(x, y)) as u32;
        |x, y, z| _mm256_fmadd_pd(x, y, z); |x| sum_wide(x);
        |from, n| _mm256_maskload_pd(from, wide(n));
        |value, to, n| _mm256_maskstore_pd(to, wide(n), value);
    }
    lanes! { __m256: 8 f32, 16 registers, parts free: false;
        _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_sqrt_ps;
        |x, y, yes, no| _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_GE_OQ>(x, y));
        |x, y| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(x, y)) as u32;
        |x, y, z| _mm256_fmadd_ps(x, y, z); |x| sum_narrow(x);
        |from, n| _mm256_maskload_ps(from, narrow(n));
        |value, to, n| _mm256_maskstore_ps(to, narrow(n), value);
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::Lanes;
    pub(super) use std::arch::aarch64::*;

    // There are no masked moves: a part goes through an array.
    macro_rules! neon {
        ($vector:ident: $n:literal $scalar:ident; $splat:ident $load:ident $store:ident $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident
         $select:ident $compare:ident $fused:ident $sum:ident) => {
            lanes! { $vector: $n $scalar, 32 registers, parts free: false;
                $splat $load $store $add $sub $mul $div $sqrt;
                |x, y, yes, no| $select($compare(x, y), yes, no);
                |x, y| {
                    let (mut left, mut right) = ([0.0; $n], [0.0; $n]);
                    $store(left.as_mut_ptr(), x);
                    $store(right.as_mut_ptr(), y);
                    left.iter().zip(&right).rev().fold(0, |bits, (x, y)| bits << 1 | u32::from(x > y))
                };
                |x, y, z| $fused(z, x, y); |x| $sum(x);
                |from, n| {
                    let mut part = [0.0; $n];
                    part.iter_mut().enumerate().take(n).for_each(|(i, x)| *x = *from.add(i));
                    $load(part.as_ptr())
                };
                |value, to, n| {
                    let mut part = [0.0; $n];
                    $store(part.as_mut_ptr(), value);
                    part.iter().enumerate().take(n).for_each(|(i, &x)| *to.add(i) = x);
                };
            }
        };
    }
    neon! { float64x2_t: 2 f64; vdupq_n_f64 vld1q_f64 vst1q_f64 vaddq_f64 vsubq_f64 vmulq_f64 vdivq_f64 vsqrtq_f64 vbslq_f64 vcgeq_f64 vfmaq_f64 vaddvq_f64 }
    neon! { float32x4_t: 4 f32; vdupq_n_f32 vld1q_f32 vst1q_f32 vaddq_f32 vsubq_f32 vmulq_f32 vdivq_f32 vsqrtq_f32 vbslq_f32 vcgeq_f32 vfmaq_f32 vaddvq_f32 }
}
