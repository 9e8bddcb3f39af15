//! The report's envelope as JSON text, on the bootstrap WebSocket.
