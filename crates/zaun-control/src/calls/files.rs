//! Photos and files that a user sends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rand::Rng;
use zaun_messenger::Actor;
use zaun_messenger::files::uploads::Part;
use zaun_schema::api::{enums, types};

use crate::fields::Fields;
use crate::limits::MAX_FILE_BYTES;
use crate::{Control, Refusal};

/// A file that a call brings.
pub(super) struct File {
    /// The field that brought it.
    field: &'static str,
    bytes: Bytes,
    name: String,
    mime: String,
}

impl File {
    /// Takes the fields of a file, if there is one: `photo` or `document` in base64.
    pub(super) fn read(fields: &mut Fields) -> Result<Option<File>, Refusal> {
        let (photo, document) = (fields.maybe_text("photo")?, fields.maybe_text("document")?);
        let name = fields.maybe_text("file_name")?;
        let mime = fields.maybe_text("mime")?;
        let (field, text) = match (photo, document) {
            (Some(photo), None) => ("photo", photo),
            (None, Some(document)) => ("document", document),
            (None, None) if name.is_none() && mime.is_none() => return Ok(None),
            (None, None) => return Err(fields.wrong("document", "a name or a type needs a file")),
            (Some(_), Some(_)) => return Err(fields.wrong("document", "a message has a photo or a document")),
        };
        let bytes = STANDARD.decode(text).map_err(|_| fields.wrong(field, "this is to be base64"))?;
        if bytes.is_empty() || bytes.len() > MAX_FILE_BYTES {
            return Err(fields.wrong(field, format!("a file has 1 to {MAX_FILE_BYTES} bytes here")));
        }
        let name = name.unwrap_or_else(|| field.to_owned());
        let mime = mime.unwrap_or_else(|| "application/octet-stream".to_owned());
        Ok(Some(File { field, bytes: bytes.into(), name, mime }))
    }

    /// Uploads the file, as the user who sends it.
    pub(super) async fn upload(
        self,
        control: &Control,
        actor: Actor,
        place: &Fields,
    ) -> Result<enums::MessageMedia, Refusal> {
        let blame = |error: zaun_messenger::Error| Refusal::from(error).of_field(&place.path(self.field));
        let id = (rand::rng().next_u64() >> 1).cast_signed();
        let part = Part { file_id: id, number: 0, total: None };
        control.messenger().save_file_part(actor, part, self.bytes.clone()).await.map_err(blame)?;
        let file =
            types::InputFile { id, parts: 1, name: self.name.clone(), md5_checksum: String::new() }.into();
        let input: enums::InputMedia = if self.field == "photo" {
            types::InputMediaUploadedPhoto { file, ..Default::default() }.into()
        } else {
            let name = types::DocumentAttributeFilename { file_name: self.name.clone() };
            types::InputMediaUploadedDocument {
                file,
                mime_type: self.mime.clone(),
                attributes: vec![name.into()],
                ..Default::default()
            }
            .into()
        };
        control.messenger().make_media(actor, input).await.map_err(blame)
    }
}
