//! SDP from facts and facts from SDP (RFC 8866, RFC 8839, RFC 8841).
