//! A minimal CDR receiver: an HTTP server on loopback that keeps every POST and answers by plan.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use usher::simulator::Id;

use super::simulator_kit::{Cluster, eventually};

/// The response of the receiver to a POST.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Status(u16),
    /// Redirects to another address.
    Redirect,
    /// Closes the connection, so that the 200 is lost.
    Lost,
    /// Sends nothing and keeps the connection open.
    Silent,
}

#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) session: String,
    pub(crate) kind: String,
    pub(crate) index: u64,
    pub(crate) correlator: u64,
    pub(crate) missing: Option<u64>,
    pub(crate) body: String,
}

#[derive(Debug)]
struct Desk {
    plan: VecDeque<Answer>,
    then: Answer,
    posts: Vec<Post>,
    connections: usize,
}

/// Keeps every POST; answers by plan, then always the same.
pub(crate) struct Receiver {
    pub(crate) url: String,
    desk: Arc<Mutex<Desk>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::with(None).await
    }

    pub(crate) async fn with(tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/cdr/eu-1/token?a=b%20c&d", listener.local_addr().unwrap());
        let desk = Arc::new(Mutex::new(Desk { plan: VecDeque::new(), then: Answer::Status(200), posts: Vec::new(), connections: 0 }));
        let shared = desk.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (desk, tls) = (shared.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &desk).await,
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => serve(stream, &desk).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { url, desk }
    }

    pub(crate) fn plan(&self, answers: &[Answer]) {
        self.desk.lock().unwrap().plan.extend(answers);
    }

    pub(crate) fn then(&self, answer: Answer) {
        self.desk.lock().unwrap().then = answer;
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.desk.lock().unwrap().posts.clone()
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.posts().iter().flat_map(|post| records(&post.body)).collect()
    }

    /// Waits for this many records, including repetitions.
    pub(crate) async fn until(&self, count: usize) -> Vec<Record> {
        let what = format!("{count} records came");
        eventually(&what, async || {
            let records = self.records();
            if records.len() >= count { Ok(records) } else { Err(records) }
        })
        .await
    }

    /// Waits until a record's body contains all of these.
    pub(crate) async fn find(&self, kind: &str, parts: &[&str]) -> Record {
        let what = format!("{kind} with {parts:?} came");
        eventually(&what, async || {
            let records = self.records();
            let found = records.iter().find(|r| r.kind == kind && parts.iter().all(|part| r.body.contains(part)));
            found.cloned().ok_or(records)
        })
        .await
    }

    /// Registers itself at a bridge.
    pub(crate) async fn register(&self, cluster: &Cluster, bridge: usize) -> Id {
        let reply = cluster.post(bridge, "/system/cdrReceivers", &format!("url={}", escaped(&self.url))).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.created()
    }
}

/// Reads POSTs one after the other; `None` when the connection ends.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, desk: &Mutex<Desk>) -> Option<()> {
    let connection = {
        let mut desk = desk.lock().unwrap();
        desk.connections += 1;
        desk.connections
    };
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            more(&mut stream, &mut bytes).await?;
        };
        let head = String::from_utf8(bytes.drain(..end).collect()).unwrap();
        let length: usize = header(&head, "content-length").expect("Content-Length").parse().unwrap();
        while bytes.len() < length {
            more(&mut stream, &mut bytes).await?;
        }
        let body = String::from_utf8(bytes.drain(..length).collect()).unwrap();
        let answer = {
            let mut desk = desk.lock().unwrap();
            desk.posts.push(Post { connection, head, body });
            desk.plan.pop_front().unwrap_or(desk.then)
        };
        let extra = match answer {
            Answer::Status(_) => "",
            Answer::Redirect => "Location: /elsewhere\r\n",
            Answer::Lost => return None,
            Answer::Silent => std::future::pending().await,
        };
        let status = if let Answer::Status(status) = answer { status } else { 307 };
        let text = format!("HTTP/1.1 {status} Word\r\nContent-Length: 0\r\n{extra}\r\n");
        stream.write_all(text.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
    }
}

async fn more(stream: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Option<()> {
    let read = stream.read_buf(bytes).await.ok()?;
    (read > 0).then_some(())
}

pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().filter_map(|line| line.split_once(':')).find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

pub(crate) fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    Some(tag[start..].split('"').next()?.to_owned())
}

pub(crate) fn records(document: &str) -> Vec<Record> {
    let session = attribute(document.split("<record ").next().unwrap(), "session").unwrap();
    let record = |part: &str| {
        let (tag, body) = part.split_once('>').unwrap();
        let tag = format!(" {tag}");
        let number = |name: &str| attribute(&tag, name).map(|n| n.parse::<u64>().unwrap());
        Record {
            session: session.clone(),
            kind: attribute(&tag, "type").unwrap(),
            index: number("recordIndex").unwrap(),
            correlator: number("correlatorIndex").unwrap(),
            missing: number("numPreceedingRecordsMissing"),
            body: body.split("</record>").next().unwrap().to_owned(),
        }
    };
    document.split("<record ").skip(1).map(record).collect()
}

pub(crate) fn escaped(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
