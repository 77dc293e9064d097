//! A messenger with two users, and what its outlet was told.

use std::sync::{Arc, Mutex};

use zaun_blob::{Blobs, Durability};
use zaun_messenger::accounts::Origin;
use zaun_messenger::files::uploads::Part;
use zaun_messenger::{Actor, Delivery, Messenger, Outlet, Settings};
use zaun_schema::api::{enums, types};
use zaun_store::Store;

/// Keeps deliveries.
#[derive(Default)]
pub struct Told(Mutex<Vec<Delivery>>);

impl Outlet for Told {
    fn deliver(&self, delivery: Delivery) {
        self.0.lock().unwrap().push(delivery);
    }
}

impl Told {
    /// What was delivered since the last call.
    pub fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

pub struct World {
    pub messenger: Messenger,
    pub told: Arc<Told>,
    pub alice: Actor,
    pub bob: Actor,
    pub dir: tempfile::TempDir,
}

/// Opens what is in a directory, as after a restart of the program.
pub async fn open(dir: &std::path::Path, told: Arc<Told>) -> (Store, Messenger) {
    let options = zaun_store::Options { durability: zaun_store::Durability::Ephemeral, readers: 1 };
    let store = Store::open(&dir.join("t.db"), &options).unwrap();
    let blobs = Blobs::open(dir, Durability::Full).unwrap();
    let settings = Settings { sandbox: true, ..Settings::default() };
    let messenger = Messenger::open(store.clone(), blobs, told, [3; 32], settings).await.unwrap();
    (store, messenger)
}

impl World {
    pub async fn new() -> World {
        let dir = tempfile::tempdir().unwrap();
        let told = Arc::new(Told::default());
        let (store, messenger) = open(dir.path(), told.clone()).await;
        let alice = sign_up(&store, &messenger, 1, "9996610001", "Alice").await;
        let bob = sign_up(&store, &messenger, 2, "9996610002", "Bob").await;
        World { messenger, told, alice, bob, dir }
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
    store.write(move |tx| zaun_store::repo::keys::insert(tx, key_id, &secret, 0, 2)).await.unwrap();
    let nobody = Actor { user_id: 0, key_id, session_id: key_id };
    let hash = messenger.send_code(nobody, phone, Origin::default()).await.unwrap().hash;
    let code = phone[5..6].repeat(5);
    messenger.sign_in(nobody, phone, hash.clone(), code, Origin::default()).await.unwrap();
    let names = (name.to_owned(), String::new());
    let user = messenger.sign_up(nobody, phone, hash, names, 0, Origin::default()).await.unwrap();
    Actor { user_id: user.id, ..nobody }
}

/// A PNG of one colour.
pub fn png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(width, height, image::Rgb(colour));
    image.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}
