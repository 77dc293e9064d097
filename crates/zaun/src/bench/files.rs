//! File parts up and down over several connections, beside the cipher that both directions need once; with packets
//! encrypted together and one by one.

use anyhow::Context;
use bytes::Bytes;
use zaun_crypto::ige;
use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{ApiClient, Conversation, Session, check};

use super::account;
use super::target::{Target, per_second};
use super::{BenchArgs, figure, headline};

/// Bytes of one part; the largest allowed (M-500).
const PART: usize = 512 * 1024;
/// Parts of the file.
const PARTS: i32 = 128;
/// Bytes of one download; the largest allowed (M-512).
const CHUNK: i32 = 1024 * 1024;
/// Requests in flight, on all connections together.
const WINDOW: i32 = 16;
/// Connections of one session's key.
const CONNECTIONS: [i32; 3] = [1, 4, 16];

/// Runs the measurement, twice on servers of our own: with batches and without.
pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let mut buffer = vec![7u8; PART];
    let megabytes = PART as f64 / 1e6;
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
    let (first, _) = account::create(target).await?;
    let mut clients = vec![first];
    let total = PART as f64 / 1e6 * f64::from(PARTS);
    for connections in CONNECTIONS {
        while clients.len() < usize::try_from(connections)? {
            clients.push(another(target, &clients[0]).await?);
        }
        let file_id = i64::from(connections);
        let watch = target.stopwatch();
        clients = spread(clients, move |client, share| Box::pin(upload(client, file_id, share))).await?;
        let up = total / watch.server();
        let location = store(&mut clients[0], file_id).await?;
        let watch = target.stopwatch();
        clients =
            spread(clients, move |client, share| Box::pin(download(client, location.clone(), share))).await?;
        let (down, wall) = (total / watch.server(), total / watch.wall());
        figure(&format!("up, {connections} connections"), format!("{up:.0}"), "MB/s");
        figure(&format!("down, {connections} connections"), format!("{down:.0}"), "MB/s");
        let share = |speed: f64| format!("{:.0}", speed / cipher * 100.0);
        figure("  share of the cipher's speed, up", share(up), "%");
        figure("  share of the cipher's speed, down", share(down), "%");
        figure("  down, by the clock", format!("{wall:.0}"), "MB/s");
    }
    Ok(())
}

/// One more connection with a session of its own on the same key.
async fn another(target: &Target, first: &ApiClient) -> anyhow::Result<ApiClient> {
    let known = &first.conversation.session;
    let session = Session::new(known.key.clone(), known.salt);
    Ok(ApiClient::new(Conversation::resume(target.address, Target::wire(), session).await?))
}

/// Which of how many connections a client is.
#[derive(Clone, Copy)]
struct Share {
    index: i32,
    of: i32,
}

type Work = std::pin::Pin<Box<dyn Future<Output = anyhow::Result<ApiClient>> + Send>>;

/// Lets all clients work at once.
async fn spread(
    clients: Vec<ApiClient>,
    work: impl Fn(ApiClient, Share) -> Work,
) -> anyhow::Result<Vec<ApiClient>> {
    let of = i32::try_from(clients.len())?;
    let running: Vec<_> =
        (0..of).zip(clients).map(|(index, client)| tokio::spawn(work(client, Share { index, of }))).collect();
    let mut clients = Vec::new();
    for task in running {
        clients.push(task.await??);
    }
    Ok(clients)
}

async fn upload(mut client: ApiClient, file_id: i64, share: Share) -> anyhow::Result<ApiClient> {
    let bytes = Bytes::from(vec![0x5a; PART]);
    let mut parts = (share.index..PARTS).step_by(usize::try_from(share.of)?);
    let (mut under_way, window) = (0, (WINDOW / share.of).max(1));
    loop {
        while under_way < window
            && let Some(file_part) = parts.next()
        {
            let (file_total_parts, bytes) = (PARTS, bytes.clone());
            let part = functions::upload::SaveBigFilePart { file_id, file_part, file_total_parts, bytes };
            client.send(&part).await?;
            under_way += 1;
        }
        if under_way == 0 {
            return Ok(client);
        }
        if let Some((_, result)) = client.conversation.receive().await?.rpc_result() {
            check(&result)?;
            under_way -= 1;
        }
    }
}

/// Sends the file to the account itself; where it can be downloaded.
async fn store(client: &mut ApiClient, file_id: i64) -> anyhow::Result<enums::InputFileLocation> {
    let file = types::InputFileBig { id: file_id, parts: PARTS, name: "bench".into() };
    let media = types::InputMediaUploadedDocument {
        force_file: true,
        file: file.into(),
        mime_type: "application/octet-stream".into(),
        ..types::InputMediaUploadedDocument::default()
    };
    let (peer, media) = (enums::InputPeer::InputPeerSelf, media.into());
    let upload = functions::messages::UploadMedia { business_connection_id: None, peer, media };
    let enums::MessageMedia::MessageMediaDocument(media) = client.call(&upload).await? else {
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

async fn download(
    mut client: ApiClient,
    location: enums::InputFileLocation,
    share: Share,
) -> anyhow::Result<ApiClient> {
    let chunks = i64::try_from(PART)? * i64::from(PARTS) / i64::from(CHUNK);
    let chunks = i32::try_from(chunks).context("the file is small")?;
    let mut chunks = (share.index..chunks).step_by(usize::try_from(share.of)?);
    let (mut under_way, window) = (0, (WINDOW / share.of).max(1));
    loop {
        while under_way < window
            && let Some(chunk) = chunks.next()
        {
            let get = functions::upload::GetFile {
                location: location.clone(),
                offset: i64::from(chunk) * i64::from(CHUNK),
                limit: CHUNK,
                ..functions::upload::GetFile::default()
            };
            client.send(&get).await?;
            under_way += 1;
        }
        if under_way == 0 {
            return Ok(client);
        }
        let message = client.conversation.receive().await?;
        if let Some((_, result)) = message.rpc_result() {
            check(&result)?;
            under_way -= 1;
            let msg_ids = vec![message.msg_id];
            client.conversation.send_even(&zaun_schema::mtproto::types::MsgsAck { msg_ids }).await?;
        }
    }
}
