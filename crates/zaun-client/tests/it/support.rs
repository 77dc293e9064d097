//! A server, and a gate in front of it that can be closed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use zaun_client::{Connection, ConnectionBuilder, ReconnectStrategy, State};
use zaun_schema::LAYER;
use zaun_schema::api::functions::{InitConnection, InvokeWithLayer, InvokeWithoutUpdates};
use zaun_server::{Context, MemoryKeys, Router, Service};
use zaun_testkit::{Sandbox, SpawnedServer};
use zaun_tl::{Decode, Function, RawObject, Reader};

/// Passes bytes on to a server until it is cut.
pub struct Gate {
    pub address: SocketAddr,
    cut: Arc<Notify>,
    open: Arc<AtomicBool>,
    /// Connections that were taken.
    pub taken: Arc<AtomicUsize>,
    /// Bytes after which a connection is cut, whichever way they go; 0 for never.
    pub cut_after: Arc<AtomicUsize>,
}

impl Gate {
    pub async fn before(server: SocketAddr) -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = Gate {
            address: listener.local_addr().unwrap(),
            cut: Arc::default(),
            open: Arc::new(true.into()),
            taken: Arc::default(),
            cut_after: Arc::default(),
        };
        let (cut, open, taken) = (gate.cut.clone(), gate.open.clone(), gate.taken.clone());
        let cut_after = gate.cut_after.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                taken.fetch_add(1, Ordering::SeqCst);
                if !open.load(Ordering::SeqCst) {
                    continue;
                }
                let (cut, limit) = (cut.clone(), cut_after.load(Ordering::SeqCst));
                tokio::spawn(async move {
                    let server = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        () = pass(client, server, limit) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        gate
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.cut.notify_waiters();
    }

    /// Takes connections and closes them at once, or serves them again.
    pub fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::SeqCst);
    }
}

/// Passes on so many bytes in all, or without end.
async fn pass(client: TcpStream, server: TcpStream, limit: usize) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let passed = Arc::new(AtomicUsize::new(0));
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let half = |mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf| {
        let passed = passed.clone();
        async move {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                let before = passed.fetch_add(count, Ordering::SeqCst);
                let allowed = if limit == 0 { count } else { count.min(limit.saturating_sub(before)) };
                if to.write_all(&buffer[..allowed]).await.is_err() || allowed < count {
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = half(client_read, server_write) => {}
        () = half(server_read, client_write) => {}
    }
}

/// Quick to come back, as tests are impatient.
pub fn eager() -> ReconnectStrategy {
    ReconnectStrategy {
        initial_delay: Duration::from_millis(10),
        max_delay: Duration::from_millis(50),
        ..ReconnectStrategy::default()
    }
}

/// Says who is calling, in the newest layer.
pub fn introduce(query: bytes::Bytes) -> bytes::Bytes {
    let init = InitConnection { api_id: 1, query: RawObject(query), ..InitConnection::default() };
    let init = RawObject(zaun_tl::to_bytes(&init, LAYER).unwrap().into());
    zaun_tl::to_bytes(&InvokeWithLayer { layer: LAYER, query: init }, LAYER).unwrap().into()
}

/// A connection through the gate, introduced as a client has to be.
pub fn through(gate: &Gate, sandbox: &Sandbox) -> ConnectionBuilder {
    Connection::builder(gate.address)
        .key(sandbox.public_key())
        .reconnect(eager())
        .introduce(Arc::new(introduce))
}

pub async fn until(connection: &Connection, mut wanted: impl FnMut(&State) -> bool) {
    let mut state = connection.state();
    let reached = tokio::time::timeout(Duration::from_secs(30), state.wait_for(|state| wanted(state)));
    reached.await.expect("the state comes").expect("the connection lives");
}

/// Serves handlers that know nothing of the wrappers of queries.
pub async fn serve(router: Router) -> SpawnedServer<Router> {
    let inner = Arc::new(router.layer(LAYER));
    let outer = Router::new().unknown(move |context: Context<Router>, body| {
        let query = unwrapped(body);
        inner.call(context, query)
    });
    SpawnedServer::start(outer, MemoryKeys::default()).await.unwrap()
}

/// A query without its wrappers.
pub fn unwrapped(body: bytes::Bytes) -> bytes::Bytes {
    let mut reader = Reader::new(body.clone());
    let RawObject(query) = match reader.peek_u32().unwrap() {
        InvokeWithLayer::ID => InvokeWithLayer::decode(&mut reader).unwrap().query,
        InvokeWithoutUpdates::ID => InvokeWithoutUpdates::decode(&mut reader).unwrap().query,
        InitConnection::ID => InitConnection::decode(&mut reader).unwrap().query,
        _ => return body,
    };
    unwrapped(query)
}
