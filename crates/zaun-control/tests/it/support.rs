//! A sandbox, calls that have to succeed, and requests over HTTP.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zaun_control::Refusal;
use zaun_testkit::Sandbox;

/// A sandbox whose calls have to succeed.
pub struct Stage {
    pub sandbox: Sandbox,
}

impl Stage {
    pub async fn open() -> Stage {
        Stage { sandbox: Sandbox::start().await.unwrap() }
    }

    pub async fn call(&self, name: &str, fields: Value) -> Value {
        match self.sandbox.control().call(name, fields.clone()).await {
            Ok(result) => result,
            Err(refusal) => panic!("{name} {fields}: {refusal}"),
        }
    }

    pub async fn refused(&self, name: &str, fields: Value) -> Refusal {
        self.sandbox.control().call(name, fields).await.unwrap_err()
    }

    /// Makes a user and returns its id.
    pub async fn user(&self, name: &str) -> i64 {
        self.call("create_user", json!({ "first_name": name, "key": name })).await["id"].as_i64().unwrap()
    }

    /// Makes a bot and returns its id and its token.
    pub async fn bot(&self, name: &str) -> (i64, String) {
        let bot = self.call("create_bot", json!({ "first_name": name, "key": name })).await;
        (bot["id"].as_i64().unwrap(), bot["token"].as_str().unwrap().to_owned())
    }

    /// Calls a method of the Bot API and returns the whole answer with its status.
    pub async fn bot_api(&self, token: &str, method: &str, params: Value) -> (u16, Value) {
        let path = format!("/bot{token}/{method}");
        let headers = "Content-Type: application/json\r\n";
        post(self.sandbox.address(), &path, headers, &params.to_string()).await
    }

    /// Makes a call over HTTP.
    pub async fn http(&self, path: &str, headers: &str, body: &str) -> (u16, Value) {
        post(self.sandbox.address(), path, headers, body).await
    }
}

async fn post(address: SocketAddr, path: &str, headers: &str, body: &str) -> (u16, Value) {
    let host = if headers.contains("Host:") { String::new() } else { format!("Host: {address}\r\n") };
    let request = format!(
        "POST {path} HTTP/1.1\r\n{host}{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    // A connection that broke before the head had come has no status.
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}
