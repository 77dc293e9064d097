//! A messenger with two users, and what its outlet was told.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use zaun_blob::{Blobs, Durability};
use zaun_messenger::accounts::Origin;
use zaun_messenger::files::uploads::Part;
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::send::Draft;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Actor, Clock, Delivery, Messenger, Outlet, Seat, Settings};
use zaun_model::{ChannelId, MsgId, Peer, Pts, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Store;

/// Keeps deliveries.
#[derive(Default)]
pub struct Told(Mutex<Vec<Delivery>>);

impl Outlet for Told {
    fn deliver(&self, delivery: Delivery) {
        self.0.lock().unwrap().push(delivery);
    }

    fn membership(&self, _: UserId, _: ChannelId, _: Option<Seat>) {}

    fn key_ended(&self, _: i64, _: bool) {}

    fn online(&self, _: UserId, _: Option<UnixTime>) {}
}

impl Told {
    /// What was delivered since the last call.
    pub fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

pub struct World {
    pub messenger: Messenger,
    pub store: Store,
    /// Seconds by which the clock is ahead.
    ahead: Arc<AtomicI64>,
    pub told: Arc<Told>,
    pub alice: Actor,
    pub bob: Actor,
    pub dir: tempfile::TempDir,
}

/// Opens the database of a directory, on PostgreSQL where the environment asks for it.
pub fn open_store(dir: &std::path::Path, options: &zaun_store::Options) -> Store {
    match zaun_pgtest::database_of(dir) {
        Some(url) => Store::open_postgres(&url, options).unwrap(),
        None => Store::open(&dir.join("t.db"), options).unwrap(),
    }
}

/// Opens what is in a directory, as after a restart of the program.
pub async fn open(dir: &std::path::Path, told: Arc<Told>) -> (Store, Messenger) {
    open_at(dir, told, Clock::default()).await
}

async fn open_at(dir: &std::path::Path, told: Arc<Told>, clock: Clock) -> (Store, Messenger) {
    let options = zaun_store::Options { durability: zaun_store::Durability::Ephemeral, readers: 1 };
    let store = open_store(dir, &options);
    let blobs = Blobs::open(dir, Durability::Full).unwrap();
    let settings = Settings { sandbox: true, clock, ..Settings::default() };
    let messenger = Messenger::open(store.clone(), blobs, told, [3; 32], settings).await.unwrap();
    (store, messenger)
}

impl World {
    pub async fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        let told = Arc::new(Told::default());
        let ahead = Arc::new(AtomicI64::new(0));
        let (system, by) = (Clock::default(), ahead.clone());
        let clock = Clock::new(move || system.now() + by.load(Ordering::Relaxed));
        let (store, messenger) = open_at(dir.path(), told.clone(), clock).await;
        let alice = sign_up(&store, &messenger, 1, "9996610001", "Alice").await;
        let bob = sign_up(&store, &messenger, 2, "9996610002", "Bob").await;
        World { messenger, store, ahead, told, alice, bob, dir }
    }

    /// Moves the clock.
    pub fn advance(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Sends a message; its id and pts in the sender's box.
    pub async fn post(&self, from: Actor, to: Actor, draft: Draft) -> (MsgId, Pts) {
        let sent = self.messenger.send(from, user(to), vec![draft]).await.unwrap();
        let message = &sent.value[0].message;
        (message.id(), message.row.pts)
    }

    /// One more user.
    pub async fn another(&self, number: i32) -> Actor {
        let (key_id, phone) = (100 + i64::from(number), format!("99966 3 {number:04}").replace(' ', ""));
        sign_up(&self.store, &self.messenger, key_id, &phone, "Other").await
    }

    /// Uploads bytes in parts of 1 KiB, and names the file as clients do.
    pub async fn upload(&self, actor: Actor, file_id: i64, bytes: &[u8]) -> enums::InputFile {
        let mut parts = 0;
        for piece in bytes.chunks(1024) {
            let part = Part { file_id, number: parts, total: None };
            self.messenger.save_file_part(actor, part, piece.to_vec().into()).await.unwrap();
            parts += 1;
        }
        named(file_id, parts)
    }
}

/// An uploaded file as clients name it.
pub fn named(id: i64, parts: i32) -> enums::InputFile {
    types::InputFile { id, parts, name: "file".into(), md5_checksum: String::new() }.into()
}

/// A file to be sent as it is.
pub fn as_document(file: enums::InputFile) -> enums::InputMedia {
    types::InputMediaUploadedDocument {
        file,
        mime_type: "text/plain".into(),
        ..types::InputMediaUploadedDocument::default()
    }
    .into()
}

/// A file to be shown.
pub fn as_photo(file: enums::InputFile) -> enums::InputMedia {
    types::InputMediaUploadedPhoto { file, ..types::InputMediaUploadedPhoto::default() }.into()
}

async fn sign_up(store: &Store, messenger: &Messenger, key_id: i64, phone: &str, name: &str) -> Actor {
    let secret = [0u8; 256];
    store.write(move |tx| zaun_store::repo::keys::insert(tx, key_id, &secret, UnixTime(0), 2)).await.unwrap();
    let nobody = Actor { user_id: UserId(0), key_id, session_id: key_id };
    let hash = messenger.send_code(nobody, phone, Origin::default()).await.unwrap().hash;
    let code = phone[5..6].repeat(5);
    messenger.sign_in(nobody, phone, hash.clone(), code, Origin::default()).await.unwrap();
    let names = (name.to_owned(), String::new());
    let user = messenger.sign_up(nobody, phone, hash, names, Origin::default()).await.unwrap();
    Actor { user_id: user.id, ..nobody }
}

/// A message of plain text.
pub fn text(text: &str, random_id: i64) -> Draft {
    let content = Content { text: text.into(), ..Content::default() };
    Draft { random_id, content, ..Draft::default() }
}

/// A PNG of one colour.
pub fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(width, height, image::Rgb(colour));
    image.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

/// A user, named in a valid way.
pub fn user(actor: Actor) -> PeerRef {
    PeerRef::Known(Peer::User(actor.user_id))
}
