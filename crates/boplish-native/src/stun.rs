//! What a datagram is, as far as its receiver must be found (RFC 7983, section 7).

/// The kinds of datagrams that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// A STUN binding request to the ICE agent with this ufrag.
    Request {
        /// What is before the colon in USERNAME.
        ufrag: &'a str,
    },
    /// Other STUN, such as a response.
    OtherStun,
    /// Something else: DTLS, or nothing of ours.
    NotStun,
}

const HEADER: usize = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const USERNAME: [u8; 2] = [0x00, 0x06];

/// Tells the kind of a datagram. Whether a STUN message is genuine is for ICE to say.
pub(crate) fn classify(bytes: &[u8]) -> Kind<'_> {
    if bytes.len() < HEADER || bytes[0] >= 4 || bytes[4..8] != MAGIC_COOKIE {
        return Kind::NotStun;
    }
    if bytes[..2] != BINDING_REQUEST {
        return Kind::OtherStun;
    }
    match username(&bytes[HEADER..]).and_then(|name| name.split_once(':')) {
        Some((ufrag, _)) => Kind::Request { ufrag },
        None => Kind::OtherStun,
    }
}

/// The USERNAME among attributes (RFC 8489, section 14).
fn username(mut attributes: &[u8]) -> Option<&str> {
    while let [type_high, type_low, length_high, length_low, rest @ ..] = attributes {
        let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
        let value = rest.get(..length)?;
        if [*type_high, *type_low] == USERNAME {
            return std::str::from_utf8(value).ok();
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attributes: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, attributes.len() as u8];
        bytes.extend(MAGIC_COOKIE);
        bytes.extend([7; 12]);
        bytes.extend(attributes);
        bytes
    }

    #[test]
    fn a_request_names_the_ufrag_before_the_colon() {
        let bytes = request(b"\x80\x22\x00\x01x\0\0\0\x00\x06\x00\x09here:they\0\0\0");
        assert_eq!(classify(&bytes), Kind::Request { ufrag: "here" });
    }

    #[test]
    fn a_cut_attribute_is_no_user_name() {
        let bytes = request(b"\x00\x06\x00\x09here");
        assert_eq!(classify(&bytes), Kind::OtherStun);
    }

    #[test]
    fn what_lacks_the_cookie_is_no_stun() {
        assert_eq!(classify(&[0; 40]), Kind::NotStun);
        assert_eq!(classify(b"\x16\xfe\xfd"), Kind::NotStun);
        assert_eq!(classify(&[]), Kind::NotStun);
    }
}
