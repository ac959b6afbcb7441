//! Ids that nobody hands out: random, and never the same twice (RFC 9562, version 4).

use std::fmt;
use std::str::FromStr;

/// An id of 122 random bits. Its text is in lower case: `3f2b8c1e-5d7a-4e90-8b1c-2a6d9f0e4c33`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

/// A text that is no such id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a UUID, such as `3f2b8c1e-5d7a-4e90-8b1c-2a6d9f0e4c33`")]
pub struct UuidError;

/// Where the hyphens stand in its text.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl Uuid {
    /// The id that is made of these bytes, which should be random. Six of their bits say that it is of version 4.
    #[must_use]
    pub fn of_random(bytes: [u8; 16]) -> Self {
        let bits = u128::from_be_bytes(bytes);
        Self(bits & !(0xf << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", self.0);
        let (first, rest) = digits.split_at(8);
        let (second, rest) = rest.split_at(4);
        let (third, rest) = rest.split_at(4);
        let (fourth, fifth) = rest.split_at(4);
        write!(f, "{first}-{second}-{third}-{fourth}-{fifth}")
    }
}

impl FromStr for Uuid {
    type Err = UuidError;

    fn from_str(text: &str) -> Result<Self, UuidError> {
        let is_right = |(at, byte): (usize, u8)| {
            if HYPHENS.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
        };
        if text.len() != 36 || !text.bytes().enumerate().all(is_right) {
            return Err(UuidError);
        }
        u128::from_str_radix(&text.replace('-', ""), 16).map(Self).map_err(|_| UuidError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_say_that_they_are_of_version_4() {
        assert_eq!(Uuid::of_random([0; 16]).to_string(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(Uuid::of_random([255; 16]).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "3f2b8c1e",
            "3f2b8c1e5d7a4e908b1c2a6d9f0e4c33",
            "3f2b8c1e-5d7a-4e90-8b1c-2a6d9f0e4c3",
            "3f2b8c1e-5d7a-4e90-8b1c-2a6d9f0e4c333",
            "3f2b8c1e-5d7a-4e90-8b1c-2a6d9f0e4c3g",
            "3f2b8c1e-5d7a-4e90-8b1c+2a6d9f0e4c33",
            "+f2b8c1e-5d7a-4e90-8b1c-2a6d9f0e4c33",
            "3f2b8c1e-5d7a-4e90-8b1c-2a6d9f0e4ç3",
        ] {
            assert_eq!(text.parse::<Uuid>(), Err(UuidError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_id_is_read_as_it_is_written(bytes: [u8; 16]) {
            let id = Uuid::of_random(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        }
    }
}
