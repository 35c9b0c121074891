//! The network half of a browser: login, upgrade, frames. It reads bytes as cheaply as it can, so that the server is what is measured.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf, BytesMut};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A server, and the cookie of a login there.
#[derive(Clone)]
pub struct Site {
    pub address: SocketAddr,
    pub tls: Option<TlsConnector>,
    pub cookie: String,
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

impl Site {
    async fn connect(&self) -> io::Result<Box<dyn Wire>> {
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::from(self.address.ip());
        Ok(match &self.tls {
            Some(tls) => Box::new(tls.connect(name, tcp).await?),
            None => Box::new(tcp),
        })
    }

    fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    async fn ask(&self, request: &str) -> io::Result<String> {
        let mut wire = self.connect().await?;
        wire.write_all(request.as_bytes()).await?;
        wire.flush().await?;
        let mut answer = Vec::new();
        // A TLS peer may end without a notice; the bytes that came are enough.
        let _ = wire.read_to_end(&mut answer).await;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

pub async fn try_get(site: &Site, path: &str) -> Option<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", site.address);
    site.ask(&request).await.ok()
}

/// Returns the cookie of a new login.
pub async fn log_in(site: &Site, user: &str, password: &str) -> String {
    let page = try_get(site, "/login").await.expect("the log-in page");
    let token = page.split_once("name=\"csrf\" value=\"").expect("a token").1.split('"').next().expect("an end");
    let form = format!("username={user}&password={}&csrf={token}&next=", password.replace(' ', "+"));
    let request = format!(
        "POST /login HTTP/1.1\r\nHost: {host}\r\nOrigin: {scheme}://{host}\r\nCookie: {cookies}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}",
        host = site.address,
        scheme = site.scheme(),
        cookies = cookies(&page),
        length = form.len(),
    );
    let answer = site.ask(&request).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 303"), "no log-in: {answer}");
    cookies(&answer)
}

fn cookies(answer: &str) -> String {
    let lines = answer.lines().filter(|line| line.to_ascii_lowercase().starts_with("set-cookie:"));
    let pairs = lines.filter_map(|line| line.split_once(':')?.1.trim().split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

/// One open WebSocket, or a bare socket that carries the same frames.
pub struct Browser {
    wire: Box<dyn Wire>,
    read: BytesMut,
    /// The length of the frame that was returned last.
    taken: usize,
}

impl Browser {
    pub async fn open(site: &Site) -> Self {
        Self::try_open(site).await.expect("connected")
    }

    /// Connects as a page does that tries again while there may be no server.
    pub async fn try_open(site: &Site) -> io::Result<Self> {
        Self::try_open_at(site, "/ws").await
    }

    pub async fn try_open_at(site: &Site, path: &str) -> io::Result<Self> {
        let mut wire = site.connect().await?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {scheme}://{host}\r\nCookie: {cookie}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            host = site.address,
            scheme = site.scheme(),
            cookie = site.cookie,
        );
        wire.write_all(request.as_bytes()).await?;
        wire.flush().await?;
        let mut browser = Self { wire, read: BytesMut::new(), taken: 0 };
        let head = loop {
            if let Some(end) = browser.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break browser.read.split_to(end + 4);
            }
            browser.try_more().await?;
        };
        assert!(head.starts_with(b"HTTP/1.1 101"), "no upgrade: {}", String::from_utf8_lossy(&head));
        Ok(browser)
    }

    /// Opens without a handshake: frames from the first byte on.
    pub async fn bare(address: SocketAddr) -> Self {
        let site = Site { address, tls: None, cookie: String::new() };
        Self { wire: site.connect().await.expect("connected"), read: BytesMut::new(), taken: 0 }
    }

    async fn more(&mut self) {
        self.try_more().await.expect("the server goes on");
    }

    async fn try_more(&mut self) -> io::Result<()> {
        self.read.reserve(8 * 1024);
        match self.wire.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::ConnectionAborted.into()),
            _ => Ok(()),
        }
    }

    /// Reads until the server closes the socket; returns the code.
    pub async fn closed(&mut self) -> u16 {
        loop {
            self.read.advance(std::mem::take(&mut self.taken));
            if let Some((head, length)) = frame_length(&self.read)
                && self.read.len() >= head + length
            {
                if self.read[0] & 0x0f == 8 {
                    return u16::from_be_bytes([self.read[head], self.read[head + 1]]);
                }
                self.taken = head + length;
            } else {
                self.more().await;
            }
        }
    }

    /// The payload of the next frame.
    pub async fn frame(&mut self) -> &[u8] {
        self.read.advance(std::mem::take(&mut self.taken));
        let (head, length) = loop {
            match frame_length(&self.read) {
                Some((head, length)) if self.read.len() >= head + length => break (head, length),
                _ => self.more().await,
            }
        };
        let kind = self.read[0] & 0x0f;
        assert_eq!(kind, 1, "expected a text frame, got {:?}", String::from_utf8_lossy(&self.read[head..head + length]));
        self.taken = head + length;
        &self.read[head..head + length]
    }

    /// Sends a text frame with a mask of zeros.
    pub async fn say(&mut self, text: &str) {
        let mut frame = vec![0x81];
        match text.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.wire.write_all(&frame).await.expect("sent");
        self.wire.flush().await.expect("sent");
    }

    /// Reads until the end of the snapshot; returns its number of rows.
    pub async fn snapshot(&mut self) -> usize {
        loop {
            let frame = self.frame().await;
            if frame.starts_with(br#"{"type":"snapshot_end""#) {
                let end: serde_json::Value = serde_json::from_slice(frame).expect("JSON");
                return usize::try_from(end["rows"].as_u64().expect("a count")).expect("fits");
            }
        }
    }
}

/// The sizes of the head and of the payload, once the head has arrived.
fn frame_length(bytes: &[u8]) -> Option<(usize, usize)> {
    match bytes.get(1)? & 0x7f {
        126 => Some((4, u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?).into())),
        127 => Some((10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?)),
        length => Some((2, length.into())),
    }
}
