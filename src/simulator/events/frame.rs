//! RFC 6455 frames, server side: reads masked frames, writes unmasked ones. It is own code because a library answers
//! pings by itself and refuses to send invalid frames, and both are switches here. It handles no connections.

use bytes::{Buf, BytesMut};

pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A larger message is no subscription.
const LARGEST: u64 = 16 * 1024 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) last: bool,
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a client's frame must be masked")]
    NotMasked,
    #[error("a frame of {0} bytes is too large")]
    TooLarge(u64),
}

/// The next whole frame in the buffer, if there is one.
pub(crate) fn decode(buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    if buffer.len() < 2 {
        return Ok(None);
    }
    let (first, second) = (buffer[0], buffer[1]);
    if second & 0x80 == 0 {
        return Err(FrameError::NotMasked);
    }
    let extra = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if buffer.len() < 2 + extra + 4 {
        return Ok(None);
    }
    let length = match extra {
        0 => u64::from(second & 0x7f),
        _ => buffer[2..2 + extra].iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
    };
    if length > LARGEST {
        return Err(FrameError::TooLarge(length));
    }
    let head = 2 + extra + 4;
    let whole = head + length as usize;
    if buffer.len() < whole {
        buffer.reserve(whole - buffer.len());
        return Ok(None);
    }
    let mask = [buffer[head - 4], buffer[head - 3], buffer[head - 2], buffer[head - 1]];
    let payload = buffer[head..whole].iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m).collect();
    buffer.advance(whole);
    Ok(Some(Frame { last: first & 0x80 != 0, opcode: first & 0x0f, payload }))
}

/// Writes one unfragmented, unmasked frame.
pub(crate) fn encode(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0x80 | opcode);
    match payload.len() {
        n @ 0..=125 => out.push(n as u8),
        n @ 126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(n as u16).to_be_bytes());
        }
        n => {
            out.push(127);
            out.extend_from_slice(&(n as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by it")]

    use super::*;

    fn masked(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(&mut bytes, TEXT, payload);
        bytes[1] |= 0x80;
        let head = bytes.len() - payload.len();
        let mask = [1, 2, 3, 4];
        for (byte, m) in bytes[head..].iter_mut().zip(mask.iter().cycle()) {
            *byte ^= m;
        }
        bytes.splice(head..head, mask);
        bytes
    }

    #[test]
    fn a_frame_is_read_whole_or_not_at_all() {
        for size in [0, 5, 125, 126, 70_000] {
            let payload = vec![b'x'; size];
            let bytes = masked(&payload);
            let mut buffer = BytesMut::from(&bytes[..bytes.len() - 1]);
            if size > 0 {
                assert_eq!(decode(&mut buffer), Ok(None), "{size}");
            }
            let mut buffer = BytesMut::from(&bytes[..]);
            let frame = decode(&mut buffer).unwrap().unwrap();
            assert_eq!(frame, Frame { last: true, opcode: TEXT, payload });
            assert!(buffer.is_empty());
        }
    }
}
