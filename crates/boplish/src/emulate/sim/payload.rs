//! What a message of the workload carries.

use boplish_native::wire::Payload;

use super::super::trips::TripNumber;

/// A trip's number at the start of a payload.
const NUMBER_BYTES: usize = 8;

/// A payload of so many bytes, if there is room for the trip's number in them.
pub(super) fn of(trip: TripNumber, bytes: usize) -> Payload {
    let mut payload = vec![0; bytes.max(NUMBER_BYTES)];
    payload[..NUMBER_BYTES].copy_from_slice(&trip.to_le_bytes());
    Payload::Bytes(payload.into())
}

/// The number of the trip that a payload belongs to.
pub(super) fn trip_in(payload: &Payload) -> Option<TripNumber> {
    match payload {
        Payload::Bytes(bytes) => {
            let number = bytes.first_chunk::<NUMBER_BYTES>()?;
            Some(TripNumber::from_le_bytes(*number))
        }
        Payload::Json(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_says_which_trip_it_is() {
        assert_eq!(trip_in(&of(77, 100)), Some(77));
        assert_eq!(trip_in(&of(77, 0)), Some(77));
        assert_eq!(trip_in(&Payload::Bytes([1, 2].into())), None);
    }
}
