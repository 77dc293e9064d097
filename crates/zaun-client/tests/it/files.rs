//! Files up and down: sizes at the limits of parts, other data centres, failures on the way.

use std::io::Cursor;

use crate::accounts::{client, cloud, log_in, servers};
use crate::support::*;
use zaun_client::{
    App, Client, Download, MemoryStorage, PART_BYTES, Progress, Servers, TransferError, Upload,
};
use zaun_schema::api::functions::messages::SendMedia;
use zaun_schema::api::functions::{help, upload};
use zaun_schema::api::{enums, types};
use zaun_server::Router;
use zaun_testkit::Sandbox;

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 7 + at / 251) as u8).collect()
}

/// Sends an uploaded file to oneself and says where it can be downloaded.
async fn keep(client: &Client, file: enums::InputFile, size: usize, connections: u8) -> Download {
    let name = types::DocumentAttributeFilename { file_name: "file".into() };
    let media = types::InputMediaUploadedDocument {
        file,
        mime_type: "application/octet-stream".into(),
        attributes: vec![name.into()],
        force_file: true,
        ..types::InputMediaUploadedDocument::default()
    };
    let peer = enums::InputPeer::InputPeerSelf;
    let (media, random_id) = (media.into(), size as i64 + 1);
    let sent = client.invoke(&SendMedia { peer, media, random_id, ..SendMedia::default() }).await.unwrap();
    let document = document_of(sent);
    assert_eq!(document.size, size as i64);
    let location = types::InputDocumentFileLocation {
        id: document.id,
        access_hash: document.access_hash,
        file_reference: document.file_reference,
        thumb_size: String::new(),
    };
    let dc = document.dc_id.try_into().unwrap();
    Download::new(location.into(), dc, Some(size as u64)).connections(connections)
}

fn document_of(sent: enums::Updates) -> types::Document {
    let enums::Updates::Updates(sent) = sent else { panic!("{sent:?}") };
    let media = sent.updates.into_iter().find_map(|update| {
        let enums::Update::UpdateNewMessage(new) = update else { return None };
        let enums::Message::Message(message) = new.message else { return None };
        message.media
    });
    let Some(enums::MessageMedia::MessageMediaDocument(media)) = media else { panic!("{media:?}") };
    let Some(enums::Document::Document(document)) = media.document else { panic!() };
    *document
}

async fn goes_up_and_comes_down(client: &Client, size: usize, connections: u8) {
    let bytes = content(size);
    let mut upload = Upload::new("file", size as u64).unwrap().connections(connections);
    let mut last = None;
    let file = client.upload(&mut upload, &mut &bytes[..], |at| last = Some(at)).await.unwrap();
    // An empty file has no part to tell of.
    let through = (size > 0).then_some(Progress { done: size as u64, total: Some(size as u64) });
    assert_eq!(last, through);
    assert_eq!(upload.parts_there(), upload.parts());
    let mut download = keep(client, file, size, connections).await;
    let mut out = Vec::new();
    client.download(&mut download, &mut out, |_| {}).await.unwrap();
    assert!(out == bytes, "{size} bytes");
    // The same from the middle, as after a failure.
    let mut rest = Vec::new();
    download.position = size as u64 / 3;
    client.download(&mut download, &mut rest, |_| {}).await.unwrap();
    assert!(rest == bytes[size / 3..], "{size} bytes");
}

async fn logged_in(servers: Servers, phone: &str) -> Client {
    let client = client(servers, MemoryStorage::default()).await;
    log_in(&client, phone).await;
    client
}

#[tokio::test]
async fn files_of_every_size_at_the_limits_of_parts() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = logged_in(servers(&sandbox), "9996620001").await;
    for size in [0, 1, 1000, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES] {
        goes_up_and_comes_down(&client, size, 1).await;
    }
    goes_up_and_comes_down(&client, 11 * 1024 * 1024 + 5, 8).await;
}

#[tokio::test]
async fn m_516_files_of_another_data_centre_are_fetched_there() {
    let (_sandbox, servers) = cloud().await;
    let client = logged_in(servers, "9996620001").await;
    goes_up_and_comes_down(&client, 700_000, 2).await;
}

#[tokio::test]
async fn an_upload_goes_on_with_what_is_missing() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = logged_in(servers(&sandbox), "9996620001").await;
    let bytes = content(5 * PART_BYTES + 9);
    let mut upload = Upload::new("file", bytes.len() as u64).unwrap().connections(1);
    let mut broken = tokio::io::AsyncReadExt::chain(&bytes[..4 * PART_BYTES], FailingReader);
    let error = client.upload(&mut upload, &mut broken, |_| {}).await.unwrap_err();
    assert!(matches!(error, TransferError::Io(_)), "{error}");
    let there = upload.parts_there();
    assert!((1..5).contains(&there), "{there}");
    let mut calls = 0;
    let file = client.upload(&mut upload, &mut Cursor::new(&bytes), |_| calls += 1).await.unwrap();
    assert_eq!(calls, upload.parts() - there, "only what was missing");
    let mut download = keep(&client, file, bytes.len(), 1).await;
    let mut out = Vec::new();
    client.download(&mut download, &mut out, |_| {}).await.unwrap();
    assert!(out == bytes);
}

struct FailingReader;

impl tokio::io::AsyncRead for FailingReader {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Err(std::io::Error::other("the disk is gone")))
    }
}

#[tokio::test]
async fn a_source_of_another_length_is_an_error() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = logged_in(servers(&sandbox), "9996620001").await;
    for (said, is) in [(10, 9), (10, 11)] {
        let mut upload = Upload::new("file", said).unwrap();
        let error = client.upload(&mut upload, &mut &content(is)[..], |_| {}).await.unwrap_err();
        assert!(matches!(error, TransferError::Length(..)), "{error}");
    }
    assert!(matches!(Upload::new("file", 5 << 40), Err(TransferError::TooLarge(_))));
}

#[tokio::test]
async fn what_is_longer_than_announced_is_cut_at_the_size() {
    for (sent, said) in [(100, 0), (PART_BYTES, 100), (PART_BYTES, 1), (40, 39)] {
        let router = Router::new()
            .method(|_, _: help::GetConfig| async { Ok(types::Config::default()) })
            .method(move |_, _: upload::GetFile| {
                let bytes = content(sent).into();
                async { Ok(types::upload::File { bytes, ..types::upload::File::default() }.into()) }
            });
        let server = serve(router).await;
        let client =
            client(Servers::one(server.address(), server.public_key()), MemoryStorage::default()).await;
        let location = types::InputDocumentFileLocation::default();
        let mut download = Download::new(location.into(), 2, Some(said as u64));
        let mut out = Vec::new();
        let error = client.download(&mut download, &mut out, |_| {}).await.unwrap_err();
        assert!(matches!(error, TransferError::Longer(size) if size == said as u64), "{error}");
        assert!(out == content(said), "{} bytes", out.len());
    }
}

#[tokio::test]
async fn transfers_survive_cuts() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let servers = Servers::one(gate.address, sandbox.public_key());
    let builder = Client::builder(servers, App::new(1, "hash"));
    let client = builder.connections(|connection| connection.reconnect(eager())).connect().await.unwrap();
    log_in(&client, "9996620001").await;
    let cuts = async {
        for _ in 0..6 {
            tokio::time::sleep(std::time::Duration::from_millis(80)).await;
            gate.cut();
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = goes_up_and_comes_down(&client, 12 * 1024 * 1024, 2) => {}
        () = cuts => {}
    }
}
