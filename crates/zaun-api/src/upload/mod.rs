//! `upload.*`

use zaun_messenger::Error;
use zaun_messenger::files::download::{Range, RangeHash};
use zaun_messenger::files::uploads::Part;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::from_tl::file_location;

/// upload.saveFilePart
pub(crate) async fn save_file_part(call: Call, r: functions::upload::SaveFilePart) -> Result<bool, Error> {
    let part = Part { file_id: r.file_id, number: r.file_part, total: None };
    call.messenger().save_file_part(call.actor(), part, r.bytes).await?;
    Ok(true)
}

/// upload.saveBigFilePart
pub(crate) async fn save_big_file_part(
    call: Call,
    r: functions::upload::SaveBigFilePart,
) -> Result<bool, Error> {
    let part = Part { file_id: r.file_id, number: r.file_part, total: Some(r.file_total_parts) };
    call.messenger().save_file_part(call.actor(), part, r.bytes).await?;
    Ok(true)
}

/// Sends clients to the DC that holds files, if one does (M-516).
fn check_dc(call: &Call) -> Result<(), Error> {
    match call.api.options.files_dc {
        Some(dc) if dc != call.dc() => Err(Error::refused(303, format!("FILE_MIGRATE_{dc}"))),
        _ => Ok(()),
    }
}

/// upload.getFile: never redirects to a CDN, because there are none (M-522).
pub(crate) async fn get_file(
    call: Call,
    r: functions::upload::GetFile,
) -> Result<enums::upload::File, Error> {
    check_dc(&call)?;
    let range = Range { offset: r.offset, limit: r.limit, precise: r.precise };
    let piece = call.messenger().file_piece(call.actor(), file_location(&call, r.location)?, range).await?;
    Ok(types::upload::File { r#type: piece.file_type, mtime: piece.modified_at.to_tl(), bytes: piece.bytes }
        .into())
}

/// upload.getFileHashes
pub(crate) async fn get_file_hashes(
    call: Call,
    r: functions::upload::GetFileHashes,
) -> Result<Vec<enums::FileHash>, Error> {
    check_dc(&call)?;
    let hashes =
        call.messenger().file_hashes(call.actor(), file_location(&call, r.location)?, r.offset).await?;
    let hash = |range: RangeHash| types::FileHash {
        offset: i64::try_from(range.offset).unwrap_or(i64::MAX),
        limit: range.length.cast_signed(),
        hash: range.sha256.to_vec().into(),
    };
    Ok(hashes.into_iter().map(hash).collect())
}
