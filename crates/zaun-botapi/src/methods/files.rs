//! Files: naming, uploading, fetching, downloading (B-191 … B-200).

use bytes::Bytes;
use hyper::{HeaderMap, Method, Uri};
use rand::Rng;
use serde_json::Value;
use tokio::time::timeout;
use zaun_messenger::Actor;
use zaun_messenger::files::download::{FileLocation, Range};
use zaun_messenger::files::uploads::Part;
use zaun_messenger::limits::FILE_PART_BYTES;
use zaun_model::UserId;
use zaun_schema::api::{enums, types};

use super::Call;
use crate::BotApi;
use crate::client::Ask;
use crate::error::ApiError;
use crate::file_ids::{FileId, FileKind};
use crate::limits::{DOWNLOAD_BYTES, FETCH_TIME, FETCHED_BYTES};
use crate::request::Upload;
use crate::to_json::{Object, size_of};

/// A file that a call gives.
pub(super) enum Given {
    /// One that the server has.
    Known(FileId),
    /// One that comes with the call, or was fetched.
    New(Upload),
}

impl Call<'_> {
    /// The file of a parameter: a name, an address, or an upload (B-191).
    pub(super) async fn file(&self, name: &str, value: Option<&str>) -> Result<Given, ApiError> {
        let none = || ApiError::bad(format!("there is no {} in the request", name.replace('_', " ")));
        let upload = |part: &str| self.params.files.get(part).cloned().map(Given::New);
        let Some(value) = value else { return upload(name).ok_or_else(none) };
        if let Some(part) = value.strip_prefix("attach://") {
            return upload(part).ok_or_else(none);
        }
        if value.starts_with("http://") || value.starts_with("https://") {
            return self.fetched(value).await.map(Given::New);
        }
        let id = FileId::read(&self.messenger().access, self.bot.bot, value);
        id.map(Given::Known).ok_or_else(|| {
            let text = "wrong remote file identifier specified: can't unserialize it";
            let short = value.len() % 4 == 1;
            ApiError::bad(if short { format!("{text}. Wrong last symbol") } else { text.to_owned() })
        })
    }

    async fn fetched(&self, url: &str) -> Result<Upload, ApiError> {
        let parsed: Uri = url.parse().map_err(|_| ApiError::bad("wrong HTTP URL specified"))?;
        let ask = Ask {
            method: Method::GET,
            url: &parsed,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            certificate: None,
            address: None,
            max_bytes: FETCHED_BYTES,
        };
        let failed = || ApiError::bad("failed to get HTTP URL content");
        let answer = timeout(FETCH_TIME, self.api.fetcher.ask(ask)).await.map_err(|_| failed())?;
        let answer = answer
            .map_err(|error| if error == "file is too big" { ApiError::bad(error) } else { failed() })?;
        if !answer.status.is_success() {
            return Err(failed());
        }
        let mime = answer.headers.get(hyper::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let mime = mime.map(|mime| mime.split(';').next().unwrap_or_default().trim().to_owned());
        let name = parsed.path().rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Upload { name, mime, bytes: answer.body })
    }

    /// Hands an upload over to the messenger, in parts as a client would.
    pub(super) async fn uploaded(&self, upload: &Upload) -> Result<enums::InputFile, ApiError> {
        let id = (rand::rng().next_u64() >> 1).cast_signed();
        let mut parts = 0;
        let mut rest = upload.bytes.clone();
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(FILE_PART_BYTES));
            let part = Part { file_id: id, number: parts, total: None };
            self.messenger().save_file_part(self.actor(), part, piece).await?;
            parts += 1;
        }
        let name = upload.name.clone();
        Ok(types::InputFile { id, parts, name, md5_checksum: String::new() }.into())
    }
}

/// getFile
pub(super) async fn get_file(call: Call<'_>) -> Result<Value, ApiError> {
    let text = call.params.get("file_id").ok_or_else(|| ApiError::bad("file_id not specified"))?;
    let signer = &call.messenger().access;
    let id = FileId::read(signer, call.bot.bot, text).ok_or_else(|| ApiError::bad("invalid file_id"))?;
    let (size, extension) = facts(call.api, call.bot.bot, id).await?;
    if size > DOWNLOAD_BYTES {
        return Err(ApiError::bad("file is too big"));
    }
    let mut out = Object::default();
    out.set("file_id", text);
    out.set("file_unique_id", id.unique(signer));
    out.set("file_size", size);
    out.set("file_path", format!("{}/{text}{extension}", id.kind.folder()));
    Ok(out.done())
}

/// Returns the file of a path with its size.
pub(crate) async fn by_path(api: &BotApi, bot: UserId, path: &str) -> Result<(FileId, i64), ApiError> {
    let missing = || ApiError::new(404, "Not Found");
    let name = path.rsplit('/').next().unwrap_or_default();
    let text = name.split('.').next().unwrap_or_default();
    let id = FileId::read(&api.messenger.access, bot, text).ok_or_else(missing)?;
    let (size, _) = facts(api, bot, id).await.map_err(|_| missing())?;
    if size > DOWNLOAD_BYTES { Err(missing()) } else { Ok((id, size)) }
}

/// Reads a piece of a file.
pub(crate) async fn piece(api: &BotApi, bot: UserId, id: FileId, offset: i64) -> Result<Bytes, ApiError> {
    let limit = i32::try_from(FILE_PART_BYTES).unwrap_or(1 << 19);
    let messenger = &api.messenger;
    let place = FileLocation::Media {
        id: id.media_id,
        access_hash: messenger.access.media(id.media_id),
        file_reference: messenger.access.file_reference(id.media_id, messenger.now()).into(),
        thumb: id.thumb(),
    };
    let actor = Actor { user_id: bot, key_id: -bot.0, session_id: 0 };
    let piece = messenger.file_piece(actor, place, Range { offset, limit, precise: true }).await?;
    Ok(piece.bytes)
}

/// The size of a file and what its name ends in.
async fn facts(api: &BotApi, bot: UserId, id: FileId) -> Result<(i64, String), ApiError> {
    let messenger = &api.messenger;
    let actor = Actor { user_id: bot, key_id: -bot.0, session_id: 0 };
    let media = messenger.make_media(actor, known(api, id)).await?;
    let gone = || ApiError::bad("wrong file_id or the file is temporarily unavailable");
    let of_letter = |sizes: &[enums::PhotoSize]| {
        sizes
            .iter()
            .filter_map(size_of)
            .find(|(letter, ..)| *letter == id.letter)
            .map(|(.., bytes)| i64::from(bytes))
    };
    match media {
        enums::MessageMedia::MessageMediaPhoto(media) => {
            let Some(enums::Photo::Photo(photo)) = media.photo else { return Err(gone()) };
            Ok((of_letter(&photo.sizes).ok_or_else(gone)?, ".jpg".into()))
        }
        enums::MessageMedia::MessageMediaDocument(media) => {
            let Some(enums::Document::Document(document)) = media.document else { return Err(gone()) };
            if id.letter != 0 {
                let size = of_letter(document.thumbs.as_deref().unwrap_or_default());
                return Ok((size.ok_or_else(gone)?, ".jpg".into()));
            }
            Ok((document.size, extension(&document)))
        }
        _ => Err(gone()),
    }
}

fn extension(document: &types::Document) -> String {
    let name = document.attributes.iter().find_map(|attribute| match attribute {
        enums::DocumentAttribute::DocumentAttributeFilename(name) => Some(name.file_name.as_str()),
        _ => None,
    });
    let ending = name.and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    let plain = |ending: &&str| ending.len() <= 10 && ending.chars().all(|c| c.is_ascii_alphanumeric());
    ending.filter(plain).map(|ending| format!(".{ending}")).unwrap_or_default()
}

/// Names a file that the server has, for the messenger.
pub(super) fn known(api: &BotApi, id: FileId) -> enums::InputMedia {
    let messenger = &api.messenger;
    let (media, access_hash) = (id.media_id, messenger.access.media(id.media_id));
    let file_reference: Bytes = messenger.access.file_reference(media, messenger.now()).into();
    if id.kind == FileKind::Photo {
        let photo = types::InputPhoto { id: media, access_hash, file_reference };
        return types::InputMediaPhoto { id: photo.into(), ..types::InputMediaPhoto::default() }.into();
    }
    let document = types::InputDocument { id: media, access_hash, file_reference };
    types::InputMediaDocument { id: document.into(), ..types::InputMediaDocument::default() }.into()
}
