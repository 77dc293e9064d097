//! Files that a content delivery node serves (<https://core.telegram.org/cdn>).
//!
//! The node is not trusted: what it has is encrypted with a key that only the file's own data centre tells, and every
//! block is held against the hash that this data centre tells.

use std::collections::BTreeMap;

use bytes::Bytes;
use parking_lot::Mutex;
use zaun_crypto::ctr::AesCtr256;
use zaun_crypto::sha256;
use zaun_schema::api::functions::upload::{GetCdnFile, GetCdnFileHashes, ReuploadCdnFile};
use zaun_schema::api::{enums, types};
use zeroize::Zeroizing;

use super::download::Stop;
use super::{PART_BYTES, TransferError};
use crate::client::{Client, Purpose};
use crate::connection::InvokeError;

/// The node may ask so often for a part that it does not have.
const MAX_REUPLOADS: u32 = 4;

/// What the file's own data centre says of a file that a node serves.
pub struct Redirect {
    /// The file's own data centre.
    origin: i16,
    /// The node.
    dc: i16,
    /// The file's size, if it is known.
    size: Option<u64>,
    token: Bytes,
    key: Zeroizing<[u8; 32]>,
    iv: [u8; 16],
    hashes: Mutex<Hashes>,
}

impl Redirect {
    /// Reads `upload.fileCdnRedirect`, as `origin` sent it.
    pub fn new(
        origin: i16,
        size: Option<u64>,
        told: &types::upload::FileCdnRedirect,
    ) -> Result<Redirect, TransferError> {
        let dc = i16::try_from(told.dc_id).map_err(|_| TransferError::Server("a dc id"))?;
        let length = TransferError::Server("a key for a file has another length");
        let (Ok(key), Ok(iv)) = (told.encryption_key[..].try_into(), told.encryption_iv[..].try_into())
        else {
            return Err(length);
        };
        let (token, key) = (told.file_token.clone(), Zeroizing::new(key));
        let redirect = Redirect { origin, dc, size, token, key, iv, hashes: Mutex::default() };
        redirect.hashes.lock().learn(&told.file_hashes);
        Ok(redirect)
    }

    /// The node.
    pub fn dc(&self) -> i16 {
        self.dc
    }

    /// Decrypts what begins at `offset`, a multiple of 16 (M-524).
    fn decrypt(&self, offset: u64, bytes: &[u8]) -> Result<Vec<u8>, TransferError> {
        let block = u32::try_from(offset / 16).map_err(|_| TransferError::TooLarge(offset))?;
        let mut iv = self.iv;
        if let Some(counter) = iv.last_chunk_mut() {
            *counter = block.to_be_bytes();
        }
        let mut plain = bytes.to_vec();
        AesCtr256::new(&self.key, &iv).apply(&mut plain);
        Ok(plain)
    }
}

impl Client {
    /// One part, decrypted and held against its hashes. Unless the size of the file is known, the end of the file is
    /// not believed either.
    pub(super) async fn cdn_part(&self, redirect: &Redirect, lane: u8, offset: u64) -> Result<Bytes, Stop> {
        let encrypted = self.encrypted_part(redirect, lane, offset).await?;
        if encrypted.len() > PART_BYTES {
            return Err(TransferError::Server("a part is longer than asked for").into());
        }
        let plain = redirect.decrypt(offset, &encrypted)?;
        let (mut rest, mut at, short) = (&plain[..], offset, plain.len() < PART_BYTES);
        while !rest.is_empty() {
            let hash = self.cdn_hash(redirect, lane, at).await?.ok_or(TransferError::NoHash(at))?;
            let (block, after) = match rest.split_at_checked(hash.length) {
                Some(parts) => parts,
                // Only the last block of the file may end before its hash does.
                None if short => (rest, &[][..]),
                None => return Err(TransferError::NoHash(at).into()),
            };
            if sha256(&[block]) != hash.digest {
                return Err(TransferError::WrongHash(at).into());
            }
            at += block.len() as u64;
            rest = after;
        }
        if short && redirect.size.is_none() && self.cdn_hash(redirect, lane, at).await?.is_some() {
            return Err(TransferError::WrongHash(at).into());
        }
        Ok(plain.into())
    }

    async fn encrypted_part(&self, redirect: &Redirect, lane: u8, offset: u64) -> Result<Bytes, Stop> {
        for _ in 0..=MAX_REUPLOADS {
            let request = GetCdnFile {
                file_token: redirect.token.clone(),
                offset: i64::try_from(offset).map_err(|_| TransferError::TooLarge(offset))?,
                limit: i32::try_from(PART_BYTES).unwrap_or(i32::MAX),
            };
            let answer = match self.invoke_on(redirect.dc, Purpose::Cdn(lane), &request).await {
                Err(InvokeError::Unreachable(why)) => {
                    self.forget_cdn_keys(redirect.dc);
                    return Err(InvokeError::Unreachable(why).into());
                }
                answer => answer.map_err(refused)?,
            };
            match answer {
                enums::upload::CdnFile::CdnFile(file) => return Ok(file.bytes),
                enums::upload::CdnFile::CdnFileReuploadNeeded(needed) => {
                    let file_token = redirect.token.clone();
                    let request = ReuploadCdnFile { file_token, request_token: needed.request_token };
                    let purpose = Purpose::Download(lane);
                    let hashes = self.invoke_on(redirect.origin, purpose, &request).await.map_err(refused)?;
                    redirect.hashes.lock().learn(&hashes);
                }
            }
        }
        Err(TransferError::Server("a content delivery node does not keep what it is given").into())
    }

    /// The hash of the block that begins at an offset, asked for if it is not known yet.
    async fn cdn_hash(&self, redirect: &Redirect, lane: u8, at: u64) -> Result<Option<Hash>, Stop> {
        let known = redirect.hashes.lock().at(at);
        if known.is_some() {
            return Ok(known);
        }
        let offset = i64::try_from(at).map_err(|_| TransferError::TooLarge(at))?;
        let request = GetCdnFileHashes { file_token: redirect.token.clone(), offset };
        let told =
            self.invoke_on(redirect.origin, Purpose::Download(lane), &request).await.map_err(refused)?;
        let mut hashes = redirect.hashes.lock();
        hashes.learn(&told);
        Ok(hashes.at(at))
    }
}

/// A token that is not valid any more is no reason to stop: the file's own data centre gives another one.
fn refused(error: InvokeError) -> Stop {
    if error.is("FILE_TOKEN_INVALID") || error.is("REQUEST_TOKEN_INVALID") {
        return Stop::Stale(error);
    }
    error.into()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hash {
    length: usize,
    digest: [u8; 32],
}

/// Hashes by where their blocks begin.
#[derive(Debug, Default)]
struct Hashes(BTreeMap<u64, Hash>);

impl Hashes {
    /// Those that make no sense are left out: their blocks then have none.
    fn learn(&mut self, told: &[enums::FileHash]) {
        for told in told {
            let (Ok(at), Ok(length)) = (u64::try_from(told.offset), usize::try_from(told.limit)) else {
                continue;
            };
            if let Ok(digest) = told.hash[..].try_into()
                && length > 0
            {
                self.0.insert(at, Hash { length, digest });
            }
        }
    }

    fn at(&self, at: u64) -> Option<Hash> {
        self.0.get(&at).copied()
    }
}
