//! How much memory there is: asked before a large amount is taken.
//!
//! An allocation that succeeds is no promise. Linux hands out addresses freely and kills the process when it writes to more
//! pages than there are; so a request is also compared with what the system says it can give.

/// Bytes from which on the system is asked; less is there, or nothing runs at all.
const LARGE: usize = 1 << 26;

/// Bytes this process can still fill, where the system tells: on Linux free and reclaimable memory and swap.
pub(crate) fn available() -> Option<usize> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let free = parse_meminfo(&text)?;
    // In a container the limit of its control group counts; where there is none, the file is missing or says "max".
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    Some(limit.map_or(free, |limit: usize| limit.min(free)))
}

/// MemAvailable + SwapFree of `/proc/meminfo`, in bytes.
fn parse_meminfo(text: &str) -> Option<usize> {
    let field = |name: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        rest.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.checked_mul(1024)
    };
    field("MemAvailable")?.checked_add(field("SwapFree").unwrap_or(0))
}

/// Whether memory can hold `len` more numbers of eight bytes.
pub(crate) fn fits(len: usize) -> bool {
    fits_bytes(len.saturating_mul(size_of::<f64>()))
}

/// Whether memory can hold so many more bytes.
pub(crate) fn fits_bytes(bytes: usize) -> bool {
    fits_in(bytes, available)
}

fn fits_in(bytes: usize, available: impl Fn() -> Option<usize>) -> bool {
    // The reservation, given back untouched, finds limits on addresses (ulimit -v) and systems that promise no more than
    // they have.
    bytes <= LARGE
        || (Vec::<u8>::new().try_reserve_exact(bytes).is_ok() && available().is_none_or(|available| bytes <= available))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_system_is_read() {
        let text = "MemTotal:       100 kB\nMemFree: 10 kB\nMemAvailable:   20 kB\nSwapTotal: 9 kB\nSwapFree:  4 kB\n";
        assert_eq!(parse_meminfo(text), Some(24 * 1024));
        assert_eq!(parse_meminfo("MemAvailable:   20 kB\n"), Some(20 * 1024));
        for wrong in ["", "MemFree: 10 kB\n", "MemAvailable: x kB\n", "MemAvailable: 18446744073709551615 kB\n"] {
            assert_eq!(parse_meminfo(wrong), None, "{wrong:?}");
        }
        if cfg!(target_os = "linux") {
            assert!(available().is_some_and(|bytes| bytes > 1 << 20));
        }
    }

    #[test]
    fn a_request_beyond_memory_does_not_fit() {
        assert!(fits(0) && fits(1000) && !fits(usize::MAX) && !fits(isize::MAX as usize / 8));
        // 80 MB of addresses can be had anywhere; what the system says decides.
        assert!(fits_in(80_000_000, || Some(80_000_000)) && !fits_in(80_000_000, || Some(79_999_999)));
        assert!(fits_in(80_000_000, || None));
    }
}
