//! A file up and down over several connections of the client engine, beside the cipher that both directions need once;
//! with packets encrypted together and one by one.

use rand::Rng;
use tokio::io::sink;
use zaun_client::{Client, Download, PART_BYTES, Upload};
use zaun_crypto::ige;
use zaun_schema::api::{enums, functions, types};

use super::account;
use super::target::{Target, own_cpu, per_second};
use super::{BenchArgs, figure, headline};

/// Bytes of the file.
const FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Connections side by side.
const CONNECTIONS: [u8; 4] = [1, 4, 8, 16];

/// Runs the measurement, twice on servers of our own: with batches and without.
pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let mut buffer = vec![7u8; PART_BYTES];
    let megabytes = PART_BYTES as f64 / 1e6;
    let cipher = per_second(|| assert!(ige::decrypt(&mut buffer, &[3; 32], &[5; 32]).is_ok())) * megabytes;
    headline("one file of 64 MiB");
    figure("AES-256-IGE alone, one message", format!("{cipher:.0}"), "MB/s");
    for (flags, name) in [(&[][..], "together"), (&["--no-batching"], "one by one")] {
        let target = Target::open_with(args, flags)?;
        headline(&format!("packets of a connection {name}, by the server's processor time"));
        measure(&target, cipher).await?;
        if !target.is_own() {
            break;
        }
    }
    Ok(())
}

async fn measure(target: &Target, cipher: f64) -> anyhow::Result<()> {
    let (client, _) = account::create(target).await?;
    let total = FILE_BYTES as f64 / 1e6;
    // Random, because files of people are packed already: otherwise this would measure gzip.
    let mut content = vec![0; usize::try_from(FILE_BYTES)?];
    rand::rng().fill_bytes(&mut content);
    for connections in CONNECTIONS {
        let (watch, cpu) = (target.stopwatch(), own_cpu());
        let mut upload = Upload::new("bench", FILE_BYTES)?.connections(connections);
        let file = client.upload(&mut upload, &mut &content[..], |_| {}).await?;
        print("up", connections, total / watch.server(), total / watch.wall(), cipher, cpu);
        let (location, dc) = store(&client, file).await?;
        let (watch, cpu) = (target.stopwatch(), own_cpu());
        let mut download = Download::new(location, dc, Some(FILE_BYTES)).connections(connections);
        client.download(&mut download, &mut sink(), |_| {}).await?;
        print("down", connections, total / watch.server(), total / watch.wall(), cipher, cpu);
    }
    client.disconnect().await?;
    Ok(())
}

fn print(way: &str, connections: u8, server: f64, wall: f64, cipher: f64, cpu: Option<std::time::Duration>) {
    let own = match (own_cpu(), cpu) {
        (Some(after), Some(before)) => FILE_BYTES as f64 / 1e6 / (after - before).as_secs_f64(),
        _ => f64::NAN,
    };
    let name = format!("{way}, {connections} connections: server / client / clock");
    figure(&name, format!("{server:.0} / {own:.0} / {wall:.0}"), "MB/s");
    figure("  share of the cipher's speed, server", format!("{:.0}", server / cipher * 100.0), "%");
}

/// Makes a document of the file; where it can be downloaded.
async fn store(client: &Client, file: enums::InputFile) -> anyhow::Result<(enums::InputFileLocation, i16)> {
    let media = types::InputMediaUploadedDocument {
        force_file: true,
        file,
        mime_type: "application/octet-stream".into(),
        ..types::InputMediaUploadedDocument::default()
    };
    let (peer, media) = (enums::InputPeer::InputPeerSelf, media.into());
    let upload = functions::messages::UploadMedia { business_connection_id: None, peer, media };
    let enums::MessageMedia::MessageMediaDocument(media) = client.invoke(&upload).await? else {
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
    Ok((location.into(), i16::try_from(document.dc_id)?))
}
