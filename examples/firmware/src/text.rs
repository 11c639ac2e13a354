//! Lines of text without `core::fmt`, which takes more flash than a trained network.

/// A piece of a line.
#[derive(Clone, Copy, Debug)]
pub enum Text {
    /// Words.
    Word(&'static str),
    /// A whole number.
    Count(usize),
    /// Sixteen hexadecimal digits.
    Hex(u64),
    /// Six decimals; what is beyond 4·10⁹ is shown as the largest.
    Number(f32),
}

/// Prints the pieces, and ends the line.
pub fn print(pieces: &[Text]) {
    let mut line = Line { bytes: [0; 128], length: 0 };
    for &piece in pieces {
        match piece {
            Text::Word(word) => word.bytes().for_each(|byte| line.push(byte)),
            Text::Count(count) => line.decimal(count as u64, 1),
            Text::Hex(bits) => (0..16).rev().for_each(|i| line.push(hexadecimal(bits >> (4 * i)))),
            Text::Number(number) => {
                if number < 0.0 {
                    line.push(b'-');
                }
                // Split first: the fraction is exact, and small enough for six decimals.
                let whole = number.abs() as u32;
                let millionths =
                    u64::from(whole) * 1_000_000 + u64::from(((number.abs() - whole as f32) * 1e6 + 0.5) as u32);
                line.decimal(millionths / 1_000_000, 1);
                line.push(b'.');
                line.decimal(millionths % 1_000_000, 6);
            }
        }
    }
    line.push(b'\n');
    write(line.bytes.get(..line.length).unwrap_or_default());
}

fn hexadecimal(bits: u64) -> u8 {
    let digit = (bits & 15) as u8;
    if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }
}

struct Line {
    bytes: [u8; 128],
    length: usize,
}

impl Line {
    /// What does not fit is left out.
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn decimal(&mut self, number: u64, least_digits: usize) {
        let mut digits = [b'0'; 20];
        let (mut rest, mut count) = (number, 0);
        for digit in digits.iter_mut().rev() {
            if rest == 0 && count >= least_digits {
                break;
            }
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            count += 1;
        }
        digits.iter().skip(20 - count).for_each(|&digit| self.push(digit));
    }
}

#[cfg(target_arch = "arm")]
fn write(bytes: &[u8]) {
    // Without a debugger there is nobody to tell.
    if let Ok(mut screen) = cortex_m_semihosting::hio::hstdout() {
        let _ = screen.write_all(bytes);
    }
}

#[cfg(target_arch = "riscv32")]
fn write(bytes: &[u8]) {
    if let Ok(mut screen) = semihosting::io::stdout() {
        let _ = semihosting::io::Write::write_all(&mut screen, bytes);
    }
}
