//! A server for a schema of one's own, `notes.tl`: two methods, kept in memory. `build.rs` generates the types; the
//! server library does the rest of MTProto. It also talks to itself once, as a client would.
//!
//! `cargo run -p private-schema`

use std::sync::{Arc, Mutex};

use zaun_server::{Context, MemoryKeys, Router, RpcError, Server};
use zaun_testkit::{ApiClient, Conversation, Wire, private_key, public_key};

#[allow(missing_docs, unused_variables, dead_code, clippy::all, reason = "generated from notes.tl")]
mod notes {
    include!(concat!(env!("OUT_DIR"), "/notes.rs"));
}

use notes::functions::notes::{Add, Search};
use notes::types::Note;

/// Notes that one server keeps.
const MAX_NOTES: usize = 10_000;

type Notes = Arc<Mutex<Vec<Note>>>;

async fn add(all: Notes, _: Context<Router>, r: Add) -> Result<Note, RpcError> {
    let mut all = all.lock().map_err(|_| RpcError::internal())?;
    if all.len() >= MAX_NOTES {
        return Err(RpcError::new(403, "NOTES_TOO_MUCH"));
    }
    if r.text.is_empty() {
        return Err(RpcError::bad_request("TEXT_EMPTY"));
    }
    let id = i32::try_from(all.len()).map_err(|_| RpcError::internal())?;
    let note = Note { id, text: r.text, tags: r.tags };
    all.push(note.clone());
    Ok(note)
}

async fn search(all: Notes, _: Context<Router>, r: Search) -> Result<Vec<Note>, RpcError> {
    let all = all.lock().map_err(|_| RpcError::internal())?;
    let wanted = |note: &&Note| r.tag.as_ref().is_none_or(|tag| note.tags.contains(tag));
    let limit = usize::try_from(r.limit).map_err(|_| RpcError::bad_request("LIMIT_INVALID"))?;
    Ok(all.iter().rev().filter(wanted).take(limit).cloned().collect())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let all = Notes::default();
    let (for_add, for_search) = (all.clone(), all);
    let router = Router::new()
        .method(move |context, r| add(for_add.clone(), context, r))
        .method(move |context, r| search(for_search.clone(), context, r));
    let server = Server::builder(router, MemoryKeys::default()).rsa_key(private_key()).build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { server.serve(listener).await });

    let mut client = ApiClient::new(Conversation::begin(address, Wire::default(), &public_key()).await?);
    for (text, tag) in [("buy milk", "home"), ("write the report", "work"), ("water the plants", "home")] {
        client.call(&Add { text: text.into(), tags: vec![tag.into()] }).await?;
    }
    let home = client.call(&Search { tag: Some("home".into()), limit: 10 }).await?;
    home.iter().for_each(|note| println!("{}: {}", note.id, note.text));
    println!("{}", client.call(&Add { text: String::new(), tags: Vec::new() }).await.unwrap_err());
    Ok(())
}
