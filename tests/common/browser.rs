//! The parts of a browser that a test needs: cookies, forms with their token, and the WebSocket.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::in_time;

#[derive(Clone)]
pub struct Browser {
    pub address: SocketAddr,
    pub base: String,
    pub cookies: BTreeMap<String, String>,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
    pub http: reqwest::Client,
    pub scheme: &'static str,
    /// The host name and port in URLs.
    pub host: String,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }
}

impl Browser {
    pub fn new(address: SocketAddr, base: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("client");
        Self { address, base: base.into(), cookies: BTreeMap::new(), headers: Vec::new(), http, scheme: "http", host: address.to_string() }
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn send_request(&mut self, mut request: reqwest::RequestBuilder) -> Answer {
        if !self.cookies.is_empty() {
            request = request.header("cookie", self.cookie_header());
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = in_time("an answer", request.send()).await.expect("answered");
        for cookie in response.headers().get_all("set-cookie") {
            let text = cookie.to_str().expect("text");
            let (name, value) = text.split(';').next().and_then(|pair| pair.split_once('=')).expect("name=value");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.text().await.expect("body") }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{}{path}", self.scheme, self.host, self.base)
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send_request(self.http.get(self.url(path))).await
    }

    /// Posts a form without a token.
    pub async fn post_raw(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send_request(self.http.post(self.url(path)).form(fields)).await
    }

    /// Posts a form with the token from the page at `page`.
    pub async fn post(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let drawn = self.get(page).await;
        let token = csrf(&drawn.body).unwrap_or_else(|| panic!("no token in {page}: {drawn:?}")).to_owned();
        let mut fields = fields.to_vec();
        fields.push(("csrf", &token));
        self.post_raw(path, &fields).await
    }

    pub async fn try_login(&mut self, name: &str, password: &str) -> Answer {
        self.post("/login", "/login", &[("username", name), ("password", password)]).await
    }

    pub async fn login(&mut self, name: &str, password: &str) {
        let answer = self.try_login(name, password).await;
        assert_eq!((answer.status, answer.location()), (303, format!("{}/", self.base).as_str()), "{}", answer.body);
    }

    /// Opens the socket as a page of this server does; returns the status if it is refused.
    pub async fn try_socket(&self, origin: Option<&str>) -> Result<Socket, u16> {
        self.try_socket_at("/ws", origin).await
    }

    pub async fn try_socket_at(&self, path: &str, origin: Option<&str>) -> Result<Socket, u16> {
        let mut request = format!("ws://{}{}{path}", self.address, self.base).into_client_request().expect("request");
        let headers = request.headers_mut();
        if !self.cookies.is_empty() {
            headers.insert("cookie", self.cookie_header().parse().expect("header"));
        }
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().expect("header"));
        }
        let stream = TcpStream::connect(self.address).await.expect("connected");
        match in_time("the upgrade", client_async(request, stream)).await {
            Ok((socket, _)) => Ok(Socket { socket }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no upgrade: {error}"),
        }
    }

    pub async fn socket(&self) -> Socket {
        self.socket_at("/ws").await
    }

    pub async fn socket_at(&self, path: &str) -> Socket {
        self.try_socket_at(path, Some(&format!("http://{}", self.address))).await.expect("upgraded")
    }
}

/// The value of the hidden field in a page's first form.
pub fn csrf(page: &str) -> Option<&str> {
    page.split_once("name=\"csrf\" value=\"")?.1.split('"').next()
}

pub struct Socket {
    pub socket: WebSocketStream<TcpStream>,
}

impl Socket {
    pub async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("sent");
    }

    /// The next frame that is no beat: beats come whenever time passes.
    pub async fn frame(&mut self) -> Value {
        loop {
            let frame = self.any_frame().await;
            if frame["type"] != "beat" {
                return frame;
            }
        }
    }

    pub async fn any_frame(&mut self) -> Value {
        match in_time("a frame", self.socket.next()).await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(text.as_str()).expect("JSON"),
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    /// The next frame of this type; other frames are skipped.
    pub async fn frame_of_type(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.any_frame().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Reads until the server closes the socket.
    pub async fn until_closed(&mut self) -> (u16, String) {
        let read = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(Some(CloseFrame { code, reason })))) => return (code.into(), reason.to_string()),
                    Some(Ok(_)) => {}
                    other => panic!("expected a close frame, got {other:?}"),
                }
            }
        };
        in_time("the close", read).await
    }
}
