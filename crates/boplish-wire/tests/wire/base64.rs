use base64ct::{Base64 as Padded, Base64Unpadded, Base64UrlUnpadded, Encoding};
use boplish_wire::Base64;
use proptest::prelude::*;

proptest! {
    #[test]
    fn bytes_come_back_and_the_text_is_that_of_others(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        for (kind, expected) in [
            (Base64::Padded, Padded::encode_string(&bytes)),
            (Base64::Unpadded, Base64Unpadded::encode_string(&bytes)),
            (Base64::Url, Base64UrlUnpadded::encode_string(&bytes)),
        ] {
            let text = kind.encode(&bytes);
            prop_assert_eq!(&text, &expected);
            prop_assert_eq!(kind.decode(&text), Some(bytes.clone()));
        }
    }

    #[test]
    fn what_others_refuse_is_refused(text in "[A-Ca-b0-1+/_=é-]{0,9}={0,3}") {
        prop_assert_eq!(Base64::Padded.decode(&text), Padded::decode_vec(&text).ok());
        prop_assert_eq!(Base64::Unpadded.decode(&text), Base64Unpadded::decode_vec(&text).ok());
        prop_assert_eq!(Base64::Url.decode(&text), Base64UrlUnpadded::decode_vec(&text).ok());
    }
}
