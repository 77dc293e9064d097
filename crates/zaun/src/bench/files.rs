//! File parts up and down, beside the cipher that both directions need once.

use bytes::Bytes;
use zaun_crypto::ige;
use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{ApiClient, check};

use super::account;
use super::target::{Target, per_second};
use super::{figure, headline};

/// Bytes of one part; the largest allowed (M-500).
const PART: usize = 512 * 1024;
/// Parts of the file.
const PARTS: i32 = 128;
/// Bytes of one download; the largest allowed (M-512).
const CHUNK: i32 = 1024 * 1024;
/// Requests in flight.
const WINDOW: i32 = 8;

/// Runs the measurement.
pub async fn run(target: &Target) -> anyhow::Result<()> {
    headline("one file of 64 MiB over one connection");
    let mut buffer = vec![7u8; PART];
    let megabytes = PART as f64 / 1e6;
    let cipher = per_second(|| assert!(ige::decrypt(&mut buffer, &[3; 32], &[5; 32]).is_ok())) * megabytes;
    let total = megabytes * f64::from(PARTS);
    figure("AES-256-IGE alone", format!("{cipher:.0}"), "MB/s");
    let mut account = account::create(target).await?.0;

    let watch = target.stopwatch();
    upload(&mut account).await?;
    let (wall, server) = (total / watch.wall(), total / watch.server());
    figure("up, by the clock", format!("{wall:.0}"), "MB/s");
    figure("up, by the server's processor time", format!("{server:.0}"), "MB/s");
    figure("up, share of the cipher's speed", format!("{:.0}", server / cipher * 100.0), "%");

    let location = store(&mut account).await?;
    let watch = target.stopwatch();
    download(&mut account, &location).await?;
    let (wall, server) = (total / watch.wall(), total / watch.server());
    figure("down, by the clock", format!("{wall:.0}"), "MB/s");
    figure("down, by the server's processor time", format!("{server:.0}"), "MB/s");
    figure("down, share of the cipher's speed", format!("{:.0}", server / cipher * 100.0), "%");
    Ok(())
}

async fn upload(account: &mut ApiClient) -> anyhow::Result<()> {
    let bytes = Bytes::from(vec![0x5a; PART]);
    let (mut sent, mut answered) = (0, 0);
    while answered < PARTS {
        while sent < PARTS && sent - answered < WINDOW {
            let (file_id, file_part, file_total_parts) = (1, sent, PARTS);
            let part = functions::upload::SaveBigFilePart {
                file_id,
                file_part,
                file_total_parts,
                bytes: bytes.clone(),
            };
            account.send(&part).await?;
            sent += 1;
        }
        if let Some((_, result)) = account.conversation.receive().await?.rpc_result() {
            check(&result)?;
            answered += 1;
        }
    }
    Ok(())
}

/// Sends the file to the account itself; where it can be downloaded.
async fn store(account: &mut ApiClient) -> anyhow::Result<enums::InputFileLocation> {
    let file = types::InputFileBig { id: 1, parts: PARTS, name: "bench".into() };
    let media = types::InputMediaUploadedDocument {
        force_file: true,
        file: file.into(),
        mime_type: "application/octet-stream".into(),
        ..types::InputMediaUploadedDocument::default()
    };
    let (peer, media) = (enums::InputPeer::InputPeerSelf, media.into());
    let media =
        account.call(&functions::messages::UploadMedia { business_connection_id: None, peer, media }).await?;
    let enums::MessageMedia::MessageMediaDocument(media) = media else {
        anyhow::bail!("the file did not become a document")
    };
    let Some(enums::Document::Document(document)) = media.document else {
        anyhow::bail!("the document is empty")
    };
    let location = types::InputDocumentFileLocation {
        id: document.id,
        access_hash: document.access_hash,
        file_reference: document.file_reference.clone(),
        thumb_size: String::new(),
    };
    Ok(location.into())
}

async fn download(account: &mut ApiClient, location: &enums::InputFileLocation) -> anyhow::Result<()> {
    let chunks = PARTS / 2;
    let (mut sent, mut answered) = (0, 0);
    while answered < chunks {
        while sent < chunks && sent - answered < WINDOW {
            let get = functions::upload::GetFile {
                location: location.clone(),
                offset: i64::from(sent) * i64::from(CHUNK),
                limit: CHUNK,
                ..functions::upload::GetFile::default()
            };
            account.send(&get).await?;
            sent += 1;
        }
        let message = account.conversation.receive().await?;
        if let Some((_, result)) = message.rpc_result() {
            check(&result)?;
            answered += 1;
            let msg_ids = vec![message.msg_id];
            account.conversation.send_even(&zaun_schema::mtproto::types::MsgsAck { msg_ids }).await?;
        }
    }
    Ok(())
}
