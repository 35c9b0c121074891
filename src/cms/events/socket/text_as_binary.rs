//! Passes a bridge's text frames on as binary ones. A WebSocket library must end a connection over one byte that is not UTF-8, and the name
//! with that byte would be in the first list of the next connection again. `socket` reads the text.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const TEXT: u8 = 1;
const BINARY: u8 = 2;

/// A connection to a bridge, from the response to its upgrade on.
pub(super) struct TextAsBinary<S> {
    inner: S,
    at: Position,
}

/// The position in the bytes that the bridge sends.
#[derive(Debug, Clone, Copy)]
enum Position {
    /// In the response to the upgrade; this many characters of the blank line that ends it have come.
    Handshake(usize),
    /// At the first byte of a frame.
    Opcode,
    /// At the byte with the frame's length.
    Length,
    /// In a longer length: how many of its bytes are to come, and the length so far.
    LongLength(u8, u64),
    Payload(u64),
}

impl<S> TextAsBinary<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, at: Position::Handshake(0) }
    }
}

fn pass(at: &mut Position, mut bytes: &mut [u8]) {
    const END: &[u8] = b"\r\n\r\n";
    while let Some((first, rest)) = bytes.split_first_mut() {
        *at = match *at {
            Position::Handshake(found) if *first == END[found] && found + 1 == END.len() => Position::Opcode,
            Position::Handshake(found) if *first == END[found] => Position::Handshake(found + 1),
            Position::Handshake(_) => Position::Handshake(usize::from(*first == END[0])),
            Position::Opcode => {
                if *first & 0x0f == TEXT {
                    *first = *first & 0xf0 | BINARY;
                }
                Position::Length
            }
            // Frames of a server carry no mask.
            Position::Length => match *first & 0x7f {
                126 => Position::LongLength(2, 0),
                127 => Position::LongLength(8, 0),
                0 => Position::Opcode,
                length => Position::Payload(u64::from(length)),
            },
            Position::LongLength(left, length) => match (left - 1, length << 8 | u64::from(*first)) {
                (0, 0) => Position::Opcode,
                (0, length) => Position::Payload(length),
                (left, length) => Position::LongLength(left, length),
            },
            Position::Payload(left) => {
                // The first skipped byte has been taken off already.
                let skipped = usize::try_from(left - 1).unwrap_or(usize::MAX).min(rest.len());
                let left = left - 1 - skipped as u64;
                bytes = &mut rest[skipped..];
                *at = if left == 0 { Position::Opcode } else { Position::Payload(left) };
                continue;
            }
        };
        bytes = rest;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TextAsBinary<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        pass(&mut self.at, &mut buf.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TextAsBinary<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(opcode: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![0x80 | opcode];
        match length {
            0..=125 => frame.push(length as u8),
            126..=65_535 => frame.extend([126, (length >> 8) as u8, length as u8]),
            _ => {
                frame.push(127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.resize(frame.len() + length, TEXT | 0x80);
        frame
    }

    proptest! {
        /// However the bytes are cut into readings: the opcodes of texts change and nothing else does.
        #[test]
        fn only_the_opcodes_of_texts_change(
            frames in proptest::collection::vec((0u8..11, prop_oneof![0usize..130, 65_530usize..65_540]), 0..6),
            step in 1usize..5000,
        ) {
            let head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\r\n\r\n".to_vec();
            let sent: Vec<u8> = frames.iter().fold(head.clone(), |all, (opcode, length)| [all, frame(*opcode, *length)].concat());
            let expected: Vec<u8> = frames.iter().fold(head, |all, (opcode, length)| {
                [all, frame(if *opcode == TEXT { BINARY } else { *opcode }, *length)].concat()
            });
            let (mut passed, mut at) = (sent, Position::Handshake(0));
            passed.chunks_mut(step).for_each(|chunk| pass(&mut at, chunk));
            prop_assert!(passed == expected);
        }
    }
}
