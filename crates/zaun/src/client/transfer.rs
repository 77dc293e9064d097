//! Files, with a bar that shows how far they are.

use std::path::{Path, PathBuf};

use anyhow::Context;
use indicatif::ProgressBar;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use zaun_client::{Client, Download, Progress, TransferError, Upload};
use zaun_crypto::sha256;
use zaun_schema::api::functions::messages::{GetMessages, SendMedia};
use zaun_schema::api::{enums, types};

use super::landing::{Landing, local_name};
use super::{messages, peers};
use crate::terminal;

/// Bytes of a hash by which a part file is found again: enough that two files never share one.
const TIE_BYTES: usize = 8;

pub async fn upload(client: &Client, peer: &str, path: &Path, connections: u8) -> anyhow::Result<()> {
    let peer = peers::find(client, peer).await?;
    let mut file = File::open(path).await.with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut upload = Upload::new(name.clone(), file.metadata().await?.len())?.connections(connections);
    let bar = terminal::bar(&name);
    let uploaded = client.upload(&mut upload, &mut file, |at| show(&bar, at)).await;
    bar.finish_and_clear();
    let media = types::InputMediaUploadedDocument {
        file: uploaded?,
        mime_type: "application/octet-stream".into(),
        attributes: vec![types::DocumentAttributeFilename { file_name: name }.into()],
        force_file: true,
        ..types::InputMediaUploadedDocument::default()
    };
    let (media, random_id) = (media.into(), messages::random_id());
    let sent = client.invoke(&SendMedia { peer, media, random_id, ..SendMedia::default() }).await?;
    let id = messages::sent_id(&sent).unwrap_or_default();
    terminal::say(format_args!("sent as message {id}"))?;
    Ok(())
}

/// Which file to fetch, and where to.
pub struct Wanted {
    pub message: i32,
    pub to: Option<PathBuf>,
    pub force: bool,
    pub connections: u8,
}

pub async fn download(client: &Client, peer: &str, wanted: Wanted) -> anyhow::Result<()> {
    // A private message is named by its id alone; the peer is there for channels, which count their own.
    let _ = peers::find(client, peer).await?;
    let id = vec![types::InputMessageID { id: wanted.message }.into()];
    let (found, ..) = messages::split(client.invoke(&GetMessages { id }).await?);
    let stored = found.into_iter().find_map(stored);
    let stored = stored.with_context(|| format!("message {} has no file", wanted.message))?;
    let landing = Landing::open(wanted.to.as_deref(), wanted.force, &stored.name, &stored.tie, stored.size)?;
    let mut download = Download::new(stored.location, stored.dc, Some(stored.size));
    download.position = landing.position()?;
    let mut download = download.connections(wanted.connections);
    let mut file = landing.writer()?;
    let bar = terminal::bar(landing.name());
    let fetched = client.download(&mut download, &mut file, |at| show(&bar, at)).await;
    bar.finish_and_clear();
    // What arrived before a failure is written, too.
    let flushed = file.flush().await;
    match fetched.and(flushed.map_err(Into::into)) {
        Ok(()) => {
            let path = landing.finish()?;
            Ok(terminal::say(format_args!("{} bytes in {}", stored.size, path.display()))?)
        }
        Err(error @ TransferError::Longer(_)) => {
            let path = landing.finish()?;
            Err(error).with_context(|| format!("{} was cut off where it should end", path.display()))
        }
        Err(error) => match landing.keep() {
            Some(part) => Err(error).with_context(|| {
                format!("{} is there in part; the same command goes on with it", part.display())
            }),
            None => Err(error.into()),
        },
    }
}

/// A file on the server.
struct Stored {
    /// What it is to be called here.
    name: String,
    /// What tells it from all other files, of other servers, too.
    tie: String,
    size: u64,
    dc: i16,
    location: enums::InputFileLocation,
}

fn stored(message: enums::Message) -> Option<Stored> {
    let enums::Message::Message(message) = message else { return None };
    match message.media? {
        enums::MessageMedia::MessageMediaDocument(media) => document(media.document?),
        enums::MessageMedia::MessageMediaPhoto(media) => photo(media.photo?),
        _ => None,
    }
}

fn document(document: enums::Document) -> Option<Stored> {
    let enums::Document::Document(document) = document else { return None };
    let name = document.attributes.iter().find_map(|attribute| match attribute {
        enums::DocumentAttribute::DocumentAttributeFilename(name) => Some(name.file_name.clone()),
        _ => None,
    });
    let location = types::InputDocumentFileLocation {
        id: document.id,
        access_hash: document.access_hash,
        file_reference: document.file_reference.clone(),
        thumb_size: String::new(),
    };
    Some(Stored {
        name: local_name(&name.unwrap_or_default(), &format!("file-{}", document.id)),
        tie: tie("document", document.id, document.access_hash, document.size),
        size: u64::try_from(document.size).ok()?,
        dc: i16::try_from(document.dc_id).ok()?,
        location: location.into(),
    })
}

/// The largest size of a photo.
fn photo(photo: enums::Photo) -> Option<Stored> {
    let enums::Photo::Photo(photo) = photo else { return None };
    let sizes = photo.sizes.iter().filter_map(|size| match size {
        enums::PhotoSize::PhotoSize(size) => Some((size.size, size.r#type.clone())),
        enums::PhotoSize::PhotoSizeProgressive(size) => Some((*size.sizes.last()?, size.r#type.clone())),
        _ => None,
    });
    let (size, thumb_size) = sizes.max()?;
    let location = types::InputPhotoFileLocation {
        id: photo.id,
        access_hash: photo.access_hash,
        file_reference: photo.file_reference.clone(),
        thumb_size,
    };
    Some(Stored {
        name: format!("photo-{}.jpg", photo.id),
        tie: tie("photo", photo.id, photo.access_hash, size.into()),
        size: u64::try_from(size).ok()?,
        dc: i16::try_from(photo.dc_id).ok()?,
        location: location.into(),
    })
}

/// 16 hex digits for one file. Servers draw their access hashes, so that those of two servers differ even where ids do
/// not.
fn tie(kind: &str, id: i64, access_hash: i64, size: i64) -> String {
    let parts = [kind.as_bytes(), &id.to_le_bytes(), &access_hash.to_le_bytes(), &size.to_le_bytes()];
    sha256(&parts).iter().take(TIE_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

fn show(bar: &ProgressBar, at: Progress) {
    bar.set_length(at.total.unwrap_or(at.done));
    bar.set_position(at.done);
}

#[cfg(test)]
mod tests {
    use super::tie;

    #[test]
    fn files_that_differ_in_anything_are_tied_apart() {
        let ties = [
            tie("document", 1, 2, 3),
            tie("photo", 1, 2, 3),
            tie("document", 2, 2, 3),
            tie("document", 1, 3, 3),
            tie("document", 1, 2, 4),
        ];
        let different: std::collections::BTreeSet<_> = ties.iter().collect();
        assert_eq!(different.len(), ties.len());
        assert!(ties.iter().all(|tie| tie.len() == 16), "{ties:?}");
    }
}
