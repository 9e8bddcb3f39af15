//! STUN (RFC 8489): how a client's address looks from here.

use std::net::SocketAddr;

use stun_types::attribute::{Fingerprint, XorMappedAddress};
use stun_types::message::{
    BINDING, Message, MessageClass, MessageWrite, MessageWriteExt, MessageWriteVec,
};
use stun_types::prelude::AttributeStaticType;

/// The answer to a binding request; `None` if this is none.
pub(super) fn answer(bytes: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
    let request = Message::from_bytes(bytes).ok()?;
    if !(request.has_class(MessageClass::Request) && request.has_method(BINDING)) {
        return None;
    }
    let unknown =
        Message::check_attribute_types(&request, &[Fingerprint::TYPE], &[], MessageWriteVec::new());
    if let Some(error) = unknown {
        return Some(error.finish());
    }
    let mut response = Message::builder_success(&request, MessageWriteVec::new());
    let mapped = XorMappedAddress::new(from, request.transaction_id());
    response.add_attribute(&mapped).ok()?;
    // A fingerprint answers a fingerprint: so an answer is at most 32 bytes longer than its request,
    // and of little use to flood somebody else with.
    if request.has_attribute(Fingerprint::TYPE) {
        response.add_fingerprint().ok()?;
    }
    Some(response.finish())
}

#[cfg(test)]
mod tests {
    use stun_types::attribute::Software;

    use super::*;

    fn from() -> SocketAddr {
        "203.0.113.9:4000".parse().expect("an address")
    }

    fn request(fingerprint: bool) -> Vec<u8> {
        let mut request = Message::builder_request(BINDING, MessageWriteVec::new());
        if fingerprint {
            request.add_fingerprint().expect("there is room");
        }
        request.finish()
    }

    #[test]
    fn a_binding_request_is_answered_with_the_address_that_it_came_from() {
        for fingerprint in [false, true] {
            let request = request(fingerprint);
            let response = answer(&request, from()).expect("it is answered");
            assert!(response.len() <= request.len() + 32);
            let response = Message::from_bytes(&response).expect("this is STUN");
            assert!(response.has_class(MessageClass::Success));
            let mapped: XorMappedAddress = response.attribute().expect("it is there");
            assert_eq!(mapped.addr(response.transaction_id()), from());
        }
    }

    #[test]
    fn nothing_else_is_answered() {
        let mut indication = Message::builder_indication(BINDING, MessageWriteVec::new());
        let software = Software::new("test").expect("it is short");
        indication.add_attribute(&software).expect("there is room");
        let response = answer(&request(false), from()).expect("it is answered");
        for bytes in [
            indication.finish(),
            response,
            vec![],
            vec![0; 19],
            vec![1; 1500],
        ] {
            assert_eq!(answer(&bytes, from()), None);
        }
    }
}
