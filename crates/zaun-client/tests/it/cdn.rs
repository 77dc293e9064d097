//! Files of a content delivery node: an origin that redirects, and a node that has RSA keys of its own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::accounts::client;
use crate::support::*;
use zaun_client::{Client, DcAddress, Download, MemoryStorage, PART_BYTES, Servers, TransferError};
use zaun_crypto::ctr::AesCtr256;
use zaun_crypto::rsa::PrivateKey;
use zaun_crypto::sha256;
use zaun_schema::LAYER;
use zaun_schema::api::functions::{InvokeWithoutUpdates, help, upload};
use zaun_schema::api::{enums, types};
use zaun_server::{Context, MemoryKeys, Router, RpcError, Server, Service};
use zaun_testkit::SpawnedServer;
use zaun_tl::{Function, Reader};

const CDN: i16 = 203;
const BLOCK: usize = 128 * 1024;
const KEY: [u8; 32] = [7; 32];
/// The last four bytes count blocks instead.
const IV: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xff, 0xff, 0xff, 0xff];

/// What both servers know.
#[derive(Default)]
struct State {
    plain: Vec<u8>,
    encrypted: Vec<u8>,
    /// The node has the file only after so many requests to upload it.
    missing: u32,
    reuploads: u32,
    /// The token that is valid; each time it was used so often, there is another one.
    token: u32,
    uses: u32,
    uses_per_token: Option<u32>,
    redirects: u32,
    /// No hash is told from this byte on.
    hashes_end: Option<usize>,
    /// What clients called that a node does not serve.
    foreign: Vec<u32>,
}

type Shared = Arc<Mutex<State>>;

fn state(size: usize) -> State {
    let plain: Vec<u8> = (0..size).map(|at| (at * 7 + at / 251) as u8).collect();
    let mut iv = IV;
    iv[12..].fill(0);
    let mut encrypted = plain.clone();
    AesCtr256::new(&KEY, &iv).apply(&mut encrypted);
    State { plain, encrypted, ..State::default() }
}

impl State {
    /// A few hashes, as a server tells them.
    fn hashes(&self, from: usize, count: usize) -> Vec<enums::FileHash> {
        let blocks = self.plain.chunks(BLOCK).enumerate().skip(from / BLOCK).take(count);
        let told = blocks.filter(|(at, _)| self.hashes_end.is_none_or(|end| at * BLOCK < end));
        told.map(|(at, block)| {
            let (offset, limit) = ((at * BLOCK) as i64, block.len() as i32);
            types::FileHash { offset, limit, hash: sha256(&[block]).to_vec().into() }
        })
        .collect()
    }

    fn check_token(&mut self, token: &[u8]) -> Result<(), RpcError> {
        if self.uses_per_token.is_some_and(|limit| self.uses >= limit) {
            (self.token, self.uses) = (self.token + 1, 0);
        }
        self.uses += 1;
        if token == self.token.to_be_bytes() {
            return Ok(());
        }
        Err(RpcError::bad_request("FILE_TOKEN_INVALID"))
    }
}

fn origin(shared: &Shared, public_key: String) -> Router {
    let (redirecting, reuploading, hashing) = (shared.clone(), shared.clone(), shared.clone());
    Router::new()
        .method(|_, _: help::GetConfig| async { Ok(types::Config::default()) })
        .method(move |_, _: help::GetCdnConfig| {
            let key = types::CdnPublicKey { dc_id: CDN.into(), public_key: public_key.clone() };
            async { Ok(types::CdnConfig { public_keys: vec![key] }) }
        })
        .method(move |_, request: upload::GetFile| {
            assert!(request.cdn_supported);
            let mut state = redirecting.lock().unwrap();
            state.redirects += 1;
            let redirect = types::upload::FileCdnRedirect {
                dc_id: CDN.into(),
                file_token: state.token.to_be_bytes().to_vec().into(),
                encryption_key: KEY.to_vec().into(),
                encryption_iv: IV.to_vec().into(),
                file_hashes: state.hashes(0, 2),
            };
            async { Ok(redirect.into()) }
        })
        .method(move |_, request: upload::ReuploadCdnFile| {
            assert_eq!(&request.request_token[..], b"please");
            let mut state = reuploading.lock().unwrap();
            state.reuploads += 1;
            let hashes = state.hashes(0, 1);
            async { Ok(hashes) }
        })
        .method(move |_, request: upload::GetCdnFileHashes| {
            let hashes = hashing.lock().unwrap().hashes(request.offset as usize, 3);
            async { Ok(hashes) }
        })
}

fn node(shared: &Shared) -> Router {
    let (serving, refusing) = (shared.clone(), shared.clone());
    let inner = Router::new().layer(LAYER).method(move |_, request: upload::GetCdnFile| {
        let mut state = serving.lock().unwrap();
        let (from, limit) = (request.offset as usize, request.limit as usize);
        assert!(from % limit == 0 && limit % 4096 == 0 && 1024 * 1024 % limit == 0);
        let answer = state.check_token(&request.file_token).map(|()| {
            if state.reuploads < state.missing {
                types::upload::CdnFileReuploadNeeded { request_token: b"please"[..].into() }.into()
            } else {
                let end = state.encrypted.len().min(from + limit);
                let bytes = state.encrypted.get(from..end).unwrap_or_default().to_vec().into();
                types::upload::CdnFile { bytes }.into()
            }
        });
        async { answer }
    });
    let inner = Arc::new(inner);
    Router::new().unknown(move |context: Context<Router>, body| {
        let query = unwrapped(body.clone());
        let outer = Reader::new(body).peek_u32().unwrap();
        let called = Reader::new(query.clone()).peek_u32().unwrap();
        // M-523
        if outer == InvokeWithoutUpdates::ID || called != upload::GetCdnFile::ID {
            refusing.lock().unwrap().foreign.extend([outer, called]);
            return Box::pin(async { Err(RpcError::bad_request("CDN_METHOD_INVALID")) });
        }
        inner.call(context, query)
    })
}

/// Both servers, and a client that knows where they are.
struct Fixture {
    client: Client,
    shared: Shared,
    _origin: SpawnedServer<Router>,
}

impl Fixture {
    async fn with(state: State) -> Fixture {
        let shared = Arc::new(Mutex::new(state));
        let (cdn, public_key) = start_node(node(&shared)).await;
        let origin = serve(origin(&shared, public_key)).await;
        let mut servers = Servers::one(origin.address(), origin.public_key());
        servers.alone = false;
        servers.addresses.push(DcAddress { cdn: true, ..DcAddress::new(CDN, cdn) });
        let client = client(servers, MemoryStorage::default()).await;
        Fixture { client, shared, _origin: origin }
    }

    async fn download(&self, size: Option<usize>) -> (Vec<u8>, Result<(), TransferError>) {
        let location = types::InputDocumentFileLocation::default();
        let mut download = Download::new(location.into(), 2, size.map(|size| size as u64)).connections(2);
        let mut out = Vec::new();
        let done = self.client.download(&mut download, &mut out, |_| {}).await;
        assert_eq!(download.position, out.len() as u64);
        (out, done)
    }

    async fn gets_all(&self, size: Option<usize>) {
        let (out, done) = self.download(size).await;
        done.unwrap();
        let state = self.shared.lock().unwrap();
        assert!(out == state.plain, "{} of {} bytes", out.len(), state.plain.len());
        assert!(state.foreign.is_empty(), "{:x?}", state.foreign);
    }
}

/// A server with another key than all the others of the tests.
async fn start_node(router: Router) -> (SocketAddr, String) {
    let key = PrivateKey::generate(&mut rand::rng()).unwrap();
    let public_key = key.public().to_pkcs1_pem();
    let server = Server::builder(router, MemoryKeys::default()).rsa_key(key).build().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { server.serve(listener).await });
    (address, public_key)
}

#[tokio::test]
async fn m_524_files_of_a_node_are_decrypted_at_every_size() {
    for size in [1, BLOCK, BLOCK + 1, PART_BYTES - 16, PART_BYTES, 5 * PART_BYTES + 77] {
        let fixture = Fixture::with(state(size)).await;
        fixture.gets_all(Some(size)).await;
        fixture.gets_all(None).await;
    }
}

#[tokio::test]
async fn one_flipped_bit_is_refused_and_nothing_of_its_part_is_written() {
    for (at, before) in [(5, 0), (PART_BYTES + BLOCK, PART_BYTES), (3 * PART_BYTES + 9, 3 * PART_BYTES)] {
        let mut state = state(3 * PART_BYTES + 10);
        state.encrypted[at] ^= 1;
        let fixture = Fixture::with(state).await;
        let (out, done) = fixture.download(Some(3 * PART_BYTES + 10)).await;
        let block = (at / BLOCK * BLOCK) as u64;
        assert!(matches!(done, Err(TransferError::WrongHash(refused)) if refused == block), "{done:?}");
        assert!(out == fixture.shared.lock().unwrap().plain[..before]);
    }
}

#[tokio::test]
async fn bytes_without_a_hash_are_refused() {
    let state = State { hashes_end: Some(PART_BYTES + BLOCK), ..state(3 * PART_BYTES) };
    let fixture = Fixture::with(state).await;
    let (out, done) = fixture.download(Some(3 * PART_BYTES)).await;
    let missing = (PART_BYTES + BLOCK) as u64;
    assert!(matches!(done, Err(TransferError::NoHash(at)) if at == missing), "{done:?}");
    assert_eq!(out.len(), PART_BYTES);
}

#[tokio::test]
async fn a_file_that_the_node_cuts_off_is_refused() {
    for size in [None, Some(2 * PART_BYTES)] {
        let mut state = state(2 * PART_BYTES);
        state.encrypted.truncate(PART_BYTES + BLOCK);
        let fixture = Fixture::with(state).await;
        let (_, done) = fixture.download(size).await;
        assert!(matches!(done, Err(TransferError::WrongHash(_) | TransferError::Length(..))), "{done:?}");
    }
}

#[tokio::test]
async fn m_525_what_the_node_does_not_have_is_uploaded_to_it() {
    let fixture = Fixture::with(State { missing: 1, ..state(PART_BYTES + 1) }).await;
    fixture.gets_all(Some(PART_BYTES + 1)).await;
    assert!(fixture.shared.lock().unwrap().reuploads >= 1);
    let never = Fixture::with(State { missing: u32::MAX, ..state(10) }).await;
    let (out, done) = never.download(Some(10)).await;
    assert!(matches!(done, Err(TransferError::Server(_))), "{done:?}");
    assert!(out.is_empty());
}

#[tokio::test]
async fn a_token_that_is_out_of_date_is_asked_for_anew() {
    let size = 20 * PART_BYTES;
    let fixture = Fixture::with(State { uses_per_token: Some(9), ..state(size) }).await;
    fixture.gets_all(Some(size)).await;
    assert!(fixture.shared.lock().unwrap().token >= 2);
    // A token that is never valid ends the download.
    let fixture = Fixture::with(State { uses_per_token: Some(0), ..state(10) }).await;
    let (out, done) = fixture.download(Some(10)).await;
    assert!(matches!(&done, Err(TransferError::Invoke(error)) if error.is("FILE_TOKEN_INVALID")), "{done:?}");
    assert!(out.is_empty());
    assert!(fixture.shared.lock().unwrap().redirects < 20);
}
