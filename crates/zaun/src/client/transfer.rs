//! Files, with a bar that shows how far they are.

use std::path::{Path, PathBuf};

use anyhow::Context;
use indicatif::ProgressBar;
use tokio::fs::{File, OpenOptions};
use zaun_client::{Client, Download, Progress, Upload};
use zaun_schema::api::functions::messages::{GetMessages, SendMedia};
use zaun_schema::api::{enums, types};

use super::{messages, peers};
use crate::terminal;

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

pub async fn download(
    client: &Client,
    peer: &str,
    message: i32,
    to: Option<PathBuf>,
    connections: u8,
) -> anyhow::Result<()> {
    // A private message is named by its id alone; the peer is there for channels, which count their own.
    let _ = peers::find(client, peer).await?;
    let id = vec![types::InputMessageID { id: message }.into()];
    let (found, ..) = messages::split(client.invoke(&GetMessages { id }).await?);
    let stored =
        found.into_iter().find_map(stored).with_context(|| format!("message {message} has no file"))?;
    let path = to.unwrap_or_else(|| PathBuf::from(&stored.name));
    let mut file = OpenOptions::new().create(true).append(true).open(&path).await;
    let file = file.as_mut().map_err(|error| anyhow::anyhow!("cannot write {}: {error}", path.display()))?;
    let mut download = Download::new(stored.location, stored.dc, Some(stored.size)).connections(connections);
    download.position = file.metadata().await?.len();
    anyhow::ensure!(download.position < stored.size, "{} is there already", path.display());
    let bar = terminal::bar(&stored.name);
    let fetched = client.download(&mut download, file, |at| show(&bar, at)).await;
    bar.finish_and_clear();
    fetched
        .with_context(|| format!("{} is there in part; the same command goes on with it", path.display()))?;
    file.sync_all().await?;
    terminal::say(format_args!("{} bytes in {}", stored.size, path.display()))?;
    Ok(())
}

/// A file on the server.
struct Stored {
    name: String,
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
        name: safe(&name.unwrap_or_default(), document.id),
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
        size: u64::try_from(size).ok()?,
        dc: i16::try_from(photo.dc_id).ok()?,
        location: location.into(),
    })
}

/// A name that somebody else has chosen, as a file here: without folders, and not hidden.
fn safe(name: &str, id: i64) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim_start_matches('.');
    let clean: String = last.chars().filter(|c| !c.is_control()).collect();
    if clean.is_empty() { format!("file-{id}") } else { clean }
}

fn show(bar: &ProgressBar, at: Progress) {
    bar.set_length(at.total.unwrap_or(at.done));
    bar.set_position(at.done);
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn names_from_others_stay_in_this_folder() {
        for (name, here) in [
            ("a.txt", "a.txt"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\y.exe", "y.exe"),
            (".bashrc", "bashrc"),
            ("..", "file-7"),
            ("", "file-7"),
            ("a\nb", "ab"),
        ] {
            assert_eq!(safe(name, 7), here);
        }
    }
}
