//! A schema of our own, a server for it, and short ways to talk to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::Semaphore;
use zaun_probe::{Conversation, Received, SpawnedServer, Wire};
use zaun_server::{KeyFuture, KeyStore, KeyStoreError, MemoryKeys, Router, RpcError, StoredKey};
use zaun_tl::{Decode, DecodeError, Encode, Function, Reader, Writer};
use zaun_wire::{functions, types};

/// A method with the id `ID`, one number as argument and one as result.
#[derive(Debug, Clone, PartialEq)]
pub struct Call<const ID: u32>(pub i64);

/// Adds one.
pub const INCREMENT: u32 = 0x1111_0001;
/// Panics while it runs.
pub const PANIC: u32 = 0x1111_0002;
/// Panics before it runs.
pub const PANIC_EARLY: u32 = 0x1111_0003;
/// Answers when the test says so.
pub const SLOW: u32 = 0x1111_0004;
/// No handler has it.
pub const UNHEARD: u32 = 0x1111_0005;

/// Answers with so many bytes.
pub struct Bytes1(pub i64);

impl<const ID: u32> Decode for Call<ID> {
    fn decode(r: &mut Reader) -> Result<Self, DecodeError> {
        assert_eq!(r.take_u32()?, ID);
        Ok(Call(r.take_i64()?))
    }
}

impl<const ID: u32> Encode for Call<ID> {
    fn encode(&self, w: &mut Writer) {
        w.put_u32(ID);
        w.put_i64(self.0);
    }
}

impl<const ID: u32> Function for Call<ID> {
    const NAME: &'static str = "test.call";
    const ID: u32 = ID;
    type Response = i64;
}

impl Decode for Bytes1 {
    fn decode(r: &mut Reader) -> Result<Self, DecodeError> {
        r.take_u32()?;
        Ok(Bytes1(r.take_i64()?))
    }
}

impl Encode for Bytes1 {
    fn encode(&self, w: &mut Writer) {
        w.put_u32(Self::ID);
        w.put_i64(self.0);
    }
}

impl Function for Bytes1 {
    const NAME: &'static str = "test.bytes";
    const ID: u32 = 0x1111_0006;
    type Response = Bytes;
}

/// A server whose handlers count and wait.
pub struct Fixture {
    pub server: SpawnedServer<Router>,
    /// How often [`INCREMENT`] ran.
    pub runs: Arc<AtomicUsize>,
    /// Every permit lets one [`SLOW`] answer.
    pub gate: Arc<Semaphore>,
}

pub fn router(runs: Arc<AtomicUsize>, gate: Arc<Semaphore>) -> Router {
    Router::new()
        .method(move |_, Call(value): Call<INCREMENT>| {
            runs.fetch_add(1, Ordering::Relaxed);
            async move { Ok(value + 1) }
        })
        .method(|_, _: Call<PANIC>| async { panic!("a handler's own mistake") })
        .method(|_, call: Call<PANIC_EARLY>| {
            assert_eq!(call.0, i64::MIN, "a handler's own mistake");
            async move { Ok(call.0) }
        })
        .method(move |_, Call(value): Call<SLOW>| {
            let gate = gate.clone();
            async move {
                gate.acquire().await.map_err(|_| RpcError::internal())?.forget();
                Ok(value)
            }
        })
        .method(|_, Bytes1(length): Bytes1| async move {
            // Not worth zipping.
            let mut state = 1u64;
            let noise = std::iter::repeat_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            });
            Ok(noise.take(usize::try_from(length).unwrap()).collect::<Vec<u8>>().into())
        })
}

impl Fixture {
    pub async fn start() -> Fixture {
        Fixture::with_keys(MemoryKeys::default()).await
    }

    pub async fn with_keys(keys: impl KeyStore) -> Fixture {
        crate::log::keep();
        let (runs, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let server = SpawnedServer::start(router(runs.clone(), gate.clone()), keys).await.unwrap();
        Fixture { server, runs, gate }
    }

    /// A client with a new key.
    pub async fn talk(&self) -> Conversation {
        self.talk_over(Wire::default()).await
    }

    pub async fn talk_over(&self, wire: Wire) -> Conversation {
        Conversation::begin(self.server.address(), wire, &self.server.public_key()).await.unwrap()
    }

    /// The same session on another connection.
    pub async fn resume(&self, talk: &Conversation) -> Conversation {
        let session = talk.session.clone();
        Conversation::resume(self.server.address(), Wire::default(), session).await.unwrap()
    }

    /// How often [`INCREMENT`] ran.
    pub fn runs(&self) -> usize {
        self.runs.load(Ordering::Relaxed)
    }
}

/// Checks that the server still answers this client.
pub async fn answers(talk: &mut Conversation) {
    let ping = talk.send(&functions::Ping { ping_id: 77 }).await.unwrap();
    let pong = talk.wait_for(|m| m.decode::<types::Pong>().filter(|pong| pong.msg_id == ping)).await.unwrap();
    assert_eq!(pong.ping_id, 77);
}

/// Calls [`INCREMENT`] and checks its result.
pub async fn increments(talk: &mut Conversation) {
    let query = talk.send(&Call::<INCREMENT>(41)).await.unwrap();
    assert_eq!(number(talk.result_of(query).await.unwrap()), 42);
}

pub fn number(result: Bytes) -> i64 {
    zaun_tl::from_bytes(result).expect("a number")
}

pub fn error(result: Bytes) -> types::RpcError {
    zaun_tl::from_bytes(result).expect("an rpc_error")
}

/// Checks that a transport error comes, and then the end.
pub async fn refused_with(talk: &mut Conversation, code: i32) {
    loop {
        match talk.client.receive().await.unwrap() {
            Received::Payload(_) | Received::QuickAck(_) => {}
            other => break assert_eq!(other, Received::Error(code)),
        }
    }
    assert_eq!(talk.client.receive().await.unwrap(), Received::Closed, "M-056");
}

/// Keys that several servers share, and whose storage can fail.
#[derive(Clone, Default)]
pub struct SharedKeys {
    pub keys: Arc<MemoryKeys>,
    pub broken: Arc<std::sync::atomic::AtomicBool>,
}

impl SharedKeys {
    fn check(&self) -> Result<(), KeyStoreError> {
        if self.broken.load(Ordering::Relaxed) {
            Err(KeyStoreError("the disk is gone".into()))
        } else {
            Ok(())
        }
    }
}

impl KeyStore for SharedKeys {
    fn load(&self, key_id: i64) -> KeyFuture<'_, Option<StoredKey>> {
        Box::pin(async move {
            self.check()?;
            self.keys.load(key_id).await
        })
    }

    fn insert(&self, key: StoredKey) -> KeyFuture<'_, bool> {
        Box::pin(async move {
            self.check()?;
            self.keys.insert(key).await
        })
    }

    fn remove(&self, key_id: i64) -> KeyFuture<'_, bool> {
        Box::pin(async move {
            self.check()?;
            self.keys.remove(key_id).await
        })
    }
}
