//! Echo requests and their replies, as bytes: RFC 792 for IPv4, RFC 4443 for IPv6.

/// Which of the two protocols an echo is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// ICMP over IPv4.
    V4,
    /// `ICMPv6`.
    V6,
}

/// What tells an echo from all others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Echo {
    pub(super) family: Family,
    pub(super) identifier: u16,
    pub(super) sequence: u16,
    /// Nobody who has not seen the request knows it.
    pub(super) token: [u8; TOKEN],
}

/// Bytes of the token.
pub(super) const TOKEN: usize = 16;
/// Bytes of type, code, checksum, identifier and sequence.
const HEADER: usize = 8;
/// Bytes of a request, and of its reply.
const LENGTH: usize = HEADER + TOKEN;

impl Echo {
    /// The request. The kernel writes the checksum over IPv6, and over IPv4 the same one once more.
    pub(super) fn request(&self) -> [u8; LENGTH] {
        let kind = match self.family {
            Family::V4 => 8,
            Family::V6 => 128,
        };
        let mut packet = self.packet(kind);
        if self.family == Family::V4 {
            let sum = checksum(&packet).to_be_bytes();
            packet[2..4].copy_from_slice(&sum);
        }
        packet
    }

    /// Whether that packet, as a socket gives it, is the reply.
    pub(super) fn is_answered_by(&self, packet: &[u8]) -> bool {
        let kind = match self.family {
            Family::V4 => 0,
            Family::V6 => 129,
        };
        let (wanted, found) = (self.packet(kind), self.without_ip_header(packet));
        found.get(..2) == Some(&wanted[..2]) && found.get(4..) == Some(&wanted[4..])
    }

    /// The packet of that type, without its checksum.
    fn packet(&self, kind: u8) -> [u8; LENGTH] {
        let mut packet = [0; LENGTH];
        packet[0] = kind;
        packet[4..6].copy_from_slice(&self.identifier.to_be_bytes());
        packet[6..8].copy_from_slice(&self.sequence.to_be_bytes());
        packet[HEADER..].copy_from_slice(&self.token);
        packet
    }

    /// A raw socket gives the IPv4 header as well. It begins with the version, 4, which no type of interest does.
    fn without_ip_header<'p>(&self, packet: &'p [u8]) -> &'p [u8] {
        match packet.first() {
            Some(first) if self.family == Family::V4 && first >> 4 == 4 => {
                packet.get(usize::from(first & 0x0f) * 4..).unwrap_or_default()
            }
            Some(_) | None => packet,
        }
    }
}

/// The Internet checksum (RFC 1071) of an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let sum: u32 = bytes.as_chunks().0.iter().map(|pair| u32::from(u16::from_be_bytes(*pair))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    !u16::try_from(folded).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(family: Family) -> Echo {
        Echo { family, identifier: 0x1234, sequence: 7, token: *b"sixteen bytes !!" }
    }

    /// The reply to it, without a checksum, which is not looked at.
    fn reply(family: Family) -> Vec<u8> {
        let kind = if family == Family::V4 { 0 } else { 129 };
        [&[kind, 0, 0xaa, 0xbb, 0x12, 0x34, 0, 7], b"sixteen bytes !!".as_slice()].concat()
    }

    #[test]
    fn a_request_is_as_the_rfcs_say() {
        let sent = echo(Family::V4).request();
        assert_eq!(
            (&sent[..2], &sent[4..8], &sent[8..]),
            (&[8, 0][..], &[0x12, 0x34, 0, 7][..], &b"sixteen bytes !!"[..])
        );
        assert_eq!(checksum(&sent), 0, "the sum over the whole, checksum included, is nothing");
        assert_eq!(echo(Family::V6).request()[..4], [128, 0, 0, 0]);
    }

    #[test]
    fn checksums_are_those_of_the_rfc() {
        // The example of RFC 1071, section 3.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(&[]), 0xffff);
        assert_eq!(checksum(&[0xff; 1024]), 0);
    }

    #[test]
    fn only_the_reply_to_it_answers_an_echo() {
        let change = |family, at: usize, to: u8| {
            let mut packet = reply(family);
            packet[at] = to;
            packet
        };
        let ip =
            |length: u8, rest: Vec<u8>| [vec![0x40 | (length / 4)], vec![0; usize::from(length) - 1], rest].concat();
        for (family, packet, wanted) in [
            (Family::V4, reply(Family::V4), true),
            (Family::V6, reply(Family::V6), true),
            (Family::V4, ip(20, reply(Family::V4)), true),
            (Family::V4, ip(60, reply(Family::V4)), true),
            (Family::V4, reply(Family::V6), false),
            (Family::V6, reply(Family::V4), false),
            (Family::V6, ip(20, reply(Family::V6)), false),
            // What loops back is the request itself.
            (Family::V4, echo(Family::V4).request().to_vec(), false),
            (Family::V6, echo(Family::V6).request().to_vec(), false),
            // Unreachable.
            (Family::V4, change(Family::V4, 0, 3), false),
            // Another code, identifier, sequence and token.
            (Family::V4, change(Family::V4, 1, 1), false),
            (Family::V4, change(Family::V4, 5, 0), false),
            (Family::V4, change(Family::V4, 7, 8), false),
            (Family::V6, change(Family::V6, 23, 0), false),
            (Family::V4, reply(Family::V4)[..23].to_vec(), false),
            (Family::V4, [reply(Family::V4), vec![0]].concat(), false),
            (Family::V4, ip(60, Vec::new())[..30].to_vec(), false),
            (Family::V4, vec![0x4f], false),
            (Family::V4, Vec::new(), false),
        ] {
            assert_eq!(echo(family).is_answered_by(&packet), wanted, "{family:?} {packet:02x?}");
        }
    }
}
