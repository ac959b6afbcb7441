//! Whole numbers in as few bytes as they need, for what history stores: seven bits a byte, the lowest first (LEB128).

/// Why stored bytes cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They end too early.
    #[error("ends too early")]
    Short,
    /// They are of a format that this version does not know, which it carries.
    #[error("is of the unknown format {0}")]
    Format(u8),
    /// They say what cannot be; the text says of what.
    #[error("has a wrong {0}")]
    Wrong(&'static str),
}

/// Appends a number: a byte up to 127, two up to 16,383, ten at most.
pub fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Takes a number from the front.
///
/// # Errors
/// [`DecodeError`], when the bytes end within it or it has more than 64 bits.
pub fn take(input: &mut &[u8]) -> Result<u64, DecodeError> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = take_byte(input)?;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            break;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(DecodeError::Wrong("number"))
}

/// Takes a byte from the front.
///
/// # Errors
/// [`DecodeError::Short`], when there is none.
pub fn take_byte(input: &mut &[u8]) -> Result<u8, DecodeError> {
    let (byte, rest) = input.split_first().ok_or(DecodeError::Short)?;
    *input = rest;
    Ok(*byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_numbers_are_short() {
        for (number, bytes) in [(0, 1), (127, 1), (128, 2), (16_383, 2), (16_384, 3), (u64::MAX, 10)] {
            let mut out = Vec::new();
            put(&mut out, number);
            assert_eq!(out.len(), bytes, "{number}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for (bytes, wanted) in [
            (&[][..], DecodeError::Short),
            (&[0x80], DecodeError::Short),
            (&[0xff; 10], DecodeError::Wrong("number")),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], DecodeError::Wrong("number")),
        ] {
            assert_eq!(take(&mut &*bytes), Err(wanted), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_read_as_it_was_written(number in any::<u64>(), rest in prop::collection::vec(any::<u8>(), 0..4)) {
            let mut out = Vec::new();
            put(&mut out, number);
            out.extend(&rest);
            let mut input = &*out;
            prop_assert_eq!(take(&mut input), Ok(number));
            prop_assert_eq!(input, &*rest);
        }
    }
}
