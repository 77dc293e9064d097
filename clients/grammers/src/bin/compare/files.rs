//! One file up and down.

use std::path::Path;
use std::time::Instant;

use grammers_client::media::Downloadable;
use grammers_judge::{Error, Judge, Server};
use grammers_tl_types as tl;
use rand::Rng;
use zaun_client::{App, Client, Download, Servers, SignedIn, Upload};
use zaun_schema::api::{enums, functions, types};

use crate::network::{dial, key, own_cpu};
use crate::table::{Pair, costs, headline, median, rates};

/// Bytes of the file: random, as a video is to a packer.
const BYTES: usize = 64 * 1024 * 1024;
/// Transfers of each side and way.
const TIMES: usize = 3;

/// Megabytes per second by the clock, and the client's processor time for the file.
pub async fn run(server: &Server) -> Result<(), Error> {
    headline("a file of 64 MiB", "median of 3; theirs is one connection always, up to 4 parts in flight");
    let mut bytes = vec![0; BYTES];
    rand::rng().fill_bytes(&mut bytes);
    let place = std::env::temp_dir().join(format!("compare-{}", std::process::id()));
    let (ours, theirs) = (Ours::log_in(server).await?, Theirs::log_in(server).await?);
    let mut foreign = Way::default();
    let mut own = [Way::default(), Way::default()];
    for _ in 0..TIMES {
        for (way, connections) in own.iter_mut().zip([1, 8]) {
            let file = way.up.take(ours.upload(&bytes, connections)).await?;
            way.down.take(ours.download(&file, &place, connections)).await?;
            check(&bytes, &place)?;
        }
        let file = foreign.up.take(theirs.upload(&bytes)).await?;
        foreign.down.take(theirs.download(&file, &place)).await?;
        check(&bytes, &place)?;
    }
    std::fs::remove_file(&place)?;
    for (way, connections) in own.iter().zip(["one connection", "ours over 8 connections"]) {
        way.up.print(&foreign.up, &format!("up, {connections}"));
        way.down.print(&foreign.down, &format!("down, {connections}"));
    }
    ours.0.disconnect().await?;
    theirs.0.quit();
    Ok(())
}

fn check(bytes: &[u8], place: &Path) -> Result<(), Error> {
    if std::fs::read(place)? != bytes {
        return Err("another file came back".into());
    }
    Ok(())
}

/// Figures of one client.
#[derive(Default)]
struct Way {
    up: Figures,
    down: Figures,
}

#[derive(Default)]
struct Figures {
    rate: Vec<f64>,
    cpu_ms: Vec<f64>,
}

impl Figures {
    async fn take<T>(&mut self, transfer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let (clock, cpu) = (Instant::now(), own_cpu()?);
        let result = transfer.await?;
        self.rate.push(BYTES as f64 / 1e6 / clock.elapsed().as_secs_f64());
        self.cpu_ms.push((own_cpu()? - cpu).as_secs_f64() * 1e3);
        Ok(result)
    }

    fn print(&self, theirs: &Figures, name: &str) {
        let pair = |of: fn(&Figures) -> &Vec<f64>| Pair {
            ours: median(of(self).clone()),
            theirs: median(of(theirs).clone()),
        };
        rates(name, pair(|figures| &figures.rate), "MB/s");
        costs("  processor time of the client", pair(|figures| &figures.cpu_ms), "ms");
    }
}

/// Our client, logged in.
struct Ours(Client);

impl Ours {
    async fn log_in(server: &Server) -> Result<Ours, Error> {
        let builder = Client::builder(Servers::one(server.address(), key()?), App::new(1, "hash"));
        let client = builder.connections(|connection| connection.dial(dial())).connect().await?;
        let login = client.send_code("9996610001").await?;
        if client.sign_in(&login, "11111").await? == SignedIn::SignUpRequired {
            client.sign_up(&login, "Ours", "").await?;
        }
        Ok(Ours(client))
    }

    async fn upload(&self, mut bytes: &[u8], connections: u8) -> Result<enums::InputFileLocation, Error> {
        let mut upload = Upload::new("file", BYTES as u64)?.connections(connections);
        let file = self.0.upload(&mut upload, &mut bytes, |_| {}).await?;
        let media = types::InputMediaUploadedDocument {
            force_file: true,
            file,
            mime_type: "application/octet-stream".into(),
            ..types::InputMediaUploadedDocument::default()
        };
        let peer = enums::InputPeer::InputPeerSelf;
        let request =
            functions::messages::UploadMedia { business_connection_id: None, peer, media: media.into() };
        let enums::MessageMedia::MessageMediaDocument(media) = self.0.invoke(&request).await? else {
            return Err("the file did not become a document".into());
        };
        let Some(enums::Document::Document(document)) = media.document else {
            return Err("the document is empty".into());
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
        &self,
        from: &enums::InputFileLocation,
        to: &Path,
        connections: u8,
    ) -> Result<(), Error> {
        let mut file = tokio::fs::File::create(to).await?;
        let download = Download::new(from.clone(), self.0.main_dc(), Some(BYTES as u64));
        self.0.download(&mut download.connections(connections), &mut file, |_| {}).await?;
        // A write of tokio's is done by another thread.
        Ok(file.sync_data().await?)
    }
}

/// Theirs.
struct Theirs(Judge);

/// A file as grammers wants it named.
struct Stored(tl::enums::InputFileLocation);

impl Downloadable for Stored {
    fn to_raw_input_location(&self) -> Option<tl::enums::InputFileLocation> {
        Some(self.0.clone())
    }

    fn size(&self) -> Option<usize> {
        Some(BYTES)
    }
}

impl Theirs {
    async fn log_in(server: &Server) -> Result<Theirs, Error> {
        Judge::new(server).await?.sign_up("9996620002", "Theirs").await?;
        let judge = Judge::new(server).await?;
        judge.log_in("9996620002").await?;
        Ok(Theirs(judge))
    }

    async fn upload(&self, mut bytes: &[u8]) -> Result<Stored, Error> {
        let uploaded = self.0.client.upload_stream(&mut bytes, BYTES, "file".into()).await?;
        let media = tl::types::InputMediaUploadedDocument {
            nosound_video: false,
            force_file: true,
            spoiler: false,
            file: uploaded.raw,
            thumb: None,
            mime_type: "application/octet-stream".into(),
            attributes: Vec::new(),
            stickers: None,
            video_cover: None,
            video_timestamp: None,
            ttl_seconds: None,
        };
        let request = tl::functions::messages::UploadMedia {
            business_connection_id: None,
            peer: tl::enums::InputPeer::PeerSelf,
            media: media.into(),
        };
        let tl::enums::MessageMedia::Document(media) = self.0.client.invoke(&request).await? else {
            return Err("the file did not become a document".into());
        };
        let Some(tl::enums::Document::Document(document)) = media.document else {
            return Err("the document is empty".into());
        };
        let location = tl::types::InputDocumentFileLocation {
            id: document.id,
            access_hash: document.access_hash,
            file_reference: document.file_reference,
            thumb_size: String::new(),
        };
        Ok(Stored(location.into()))
    }

    async fn download(&self, from: &Stored, to: &Path) -> Result<(), Error> {
        self.0.client.download_media(from, to).await?;
        // It does not wait for its last write.
        Ok(std::fs::File::open(to)?.sync_data()?)
    }
}
