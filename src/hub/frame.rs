//! A message as it goes over a browser's WebSocket: framed once and shared by all its receivers. Servers do not mask (RFC 6455, 5.1).

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame as Framing;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::text::cut_bytes;

/// The bytes of one whole WebSocket frame; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    pub fn text(text: impl Into<Bytes>) -> Self {
        Self::of(Framing::message(text, OpCode::Data(Data::Text), true))
    }

    /// Cuts a reason that is longer than the 123 bytes that fit.
    pub fn close(code: u16, reason: &str) -> Self {
        Self::of(Framing::close(Some(CloseFrame { code: code.into(), reason: cut_bytes(reason, 123).into() })))
    }

    pub fn pong(data: impl Into<Bytes>) -> Self {
        Self::of(Framing::pong(data))
    }

    fn of(frame: Framing) -> Self {
        let mut bytes = Vec::with_capacity(frame.len());
        frame.format(&mut bytes).expect("a vector takes everything");
        Self(bytes.into())
    }

    /// Bytes on the wire, header included.
    pub fn byte_count(&self) -> usize {
        self.0.len()
    }

    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The text of a text frame, as the browser's page gets it.
    #[cfg(test)]
    pub(crate) fn payload(&self) -> &str {
        let header = match self.0[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        std::str::from_utf8(&self.0[header..]).expect("made of text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_framed_for_each_length() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let text = "x".repeat(length);
            let frame = Frame::text(text.clone());
            assert_eq!((frame.byte_count(), frame.payload()), (header + length, text.as_str()));
        }
        assert_eq!(&Frame::text("hé").into_bytes()[..], b"\x81\x03h\xc3\xa9");
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let bytes = Frame::close(4400, &"é".repeat(100)).into_bytes();
        assert_eq!((bytes[0], bytes[1] as usize, bytes.len()), (0x88, 2 + 122, 2 + 2 + 122));
        assert_eq!(std::str::from_utf8(&bytes[4..]), Ok("é".repeat(61).as_str()));
    }
}
