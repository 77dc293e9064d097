//! All three kinds of secret: key exchange, login, message, file.

use std::sync::atomic::Ordering;

use crate::support::*;
use zaun_client::{Download, Upload};
use zaun_proxy::Proxy;
use zaun_schema::api::functions::messages::{SendMedia, SendMessage};
use zaun_schema::api::{enums, types};

/// Everything that an application does, through the proxy.
async fn everything_works(client: &zaun_client::Client, phone: &str) {
    log_in(client, phone).await;
    let peer = enums::InputPeer::InputPeerSelf;
    let message = SendMessage { peer, message: "hello".into(), random_id: 5, ..SendMessage::default() };
    client.invoke(&message).await.unwrap();
    // Such bytes can hardly be packed, so that nearly all of them are seen on the way.
    let bytes: Vec<u8> =
        (0..3_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8 ^ at as u8).collect();
    let mut upload = Upload::new("file", bytes.len() as u64).unwrap().connections(2);
    let file = client.upload(&mut upload, &mut &bytes[..], |_| {}).await.unwrap();
    let media = types::InputMediaUploadedDocument {
        file,
        mime_type: "application/octet-stream".into(),
        ..types::InputMediaUploadedDocument::default()
    };
    let peer = enums::InputPeer::InputPeerSelf;
    let sent = SendMedia { peer, media: media.into(), random_id: 6, ..SendMedia::default() };
    let mut download = place_of(client.invoke(&sent).await.unwrap());
    let mut out = Vec::new();
    client.download(&mut download, &mut out, |_| {}).await.unwrap();
    assert!(out == bytes, "the file came back as it went");
}

fn place_of(sent: enums::Updates) -> Download {
    let enums::Updates::Updates(sent) = sent else { panic!("{sent:?}") };
    let media = sent.updates.into_iter().find_map(|update| {
        let enums::Update::UpdateNewMessage(new) = update else { return None };
        let enums::Message::Message(message) = new.message else { return None };
        message.media
    });
    let Some(enums::MessageMedia::MessageMediaDocument(media)) = media else { panic!("{media:?}") };
    let Some(enums::Document::Document(document)) = media.document else { panic!() };
    let location = types::InputDocumentFileLocation {
        id: document.id,
        access_hash: document.access_hash,
        file_reference: document.file_reference.clone(),
        thumb_size: String::new(),
    };
    Download::new(location.into(), document.dc_id.try_into().unwrap(), Some(document.size as u64))
        .connections(2)
}

#[tokio::test(flavor = "multi_thread")]
async fn m_331_an_account_works_through_every_kind_of_secret() {
    let (listener, address) = listener().await;
    let sandbox = sandbox(address).await;
    let proxy = Proxy::start(settings(sandbox.address()), None).unwrap();
    let serving = proxy.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    for (number, secret) in every_kind().iter().enumerate() {
        let client = client(address, &sandbox, secret).await.unwrap();
        everything_works(&client, &format!("999662000{number}")).await;
        let usage = &proxy.users()[number].usage;
        let (up, down) = (usage.up_bytes.load(Ordering::Relaxed), usage.down_bytes.load(Ordering::Relaxed));
        assert!(up > 2_900_000 && down > 2_900_000, "{number}: {up} bytes up, {down} down");
        client.disconnect().await.unwrap();
    }
    assert_eq!(proxy.counters().failed_paths(), 0);
    assert_eq!(proxy.counters().strangers.load(Ordering::Relaxed), 0);
}
