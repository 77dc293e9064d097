//! Uploads, media, downloads.

use zaun_messenger::files::download::{FileLocation, Range};
use zaun_messenger::files::uploads::Part;
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::send::Draft;
use zaun_messenger::{Actor, Error, Messenger};
use zaun_schema::api::{enums, types};

use crate::world::{World, as_document, as_photo, named, open, png, user};

fn document(media: &enums::MessageMedia) -> types::Document {
    match media {
        enums::MessageMedia::MessageMediaDocument(media) => match &media.document {
            Some(enums::Document::Document(document)) => (**document).clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn photo(media: &enums::MessageMedia) -> types::Photo {
    match media {
        enums::MessageMedia::MessageMediaPhoto(media) => match &media.photo {
            Some(enums::Photo::Photo(photo)) => (**photo).clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn document_at(messenger: &Messenger, id: i64, thumb: &str) -> types::InputDocumentFileLocation {
    types::InputDocumentFileLocation {
        id,
        access_hash: messenger.access.media(id),
        file_reference: messenger.access.file_reference(id, messenger.now()).into(),
        thumb_size: thumb.into(),
    }
}

async fn read(
    messenger: &Messenger,
    actor: Actor,
    at: types::InputDocumentFileLocation,
) -> Result<Vec<u8>, Error> {
    let range = Range { offset: 0, limit: 1 << 20, precise: false };
    let at = FileLocation::Media {
        id: at.id,
        access_hash: at.access_hash,
        file_reference: at.file_reference,
        thumb: at.thumb_size,
    };
    messenger.file_piece(actor, at, range).await.map(|piece| piece.bytes.to_vec())
}

fn refusal<T>(result: Result<T, Error>) -> String {
    result.err().map_or_else(|| "done".into(), |error| error.to_string())
}

#[tokio::test]
async fn a_document_keeps_its_bytes_and_tells_its_size() {
    let w = World::new().await;
    let bytes: Vec<u8> = (0..5000u32).map(|n| n.to_le_bytes()[0]).collect();
    let file = w.upload(w.alice, 1, &bytes).await;
    let media = w.messenger.make_media(w.alice, as_document(file)).await.unwrap();
    let document = document(&media);
    assert_eq!((document.size, document.mime_type.as_str()), (5000, "text/plain"));
    assert_eq!((document.access_hash, document.dc_id), (0, 0), "the viewer's, not the object's");
    let at = document_at(&w.messenger, document.id, "");
    assert_eq!(read(&w.messenger, w.bob, at).await.unwrap(), bytes);
}

#[tokio::test]
async fn an_empty_file_has_no_parts() {
    let w = World::new().await;
    let media = w.messenger.make_media(w.alice, as_document(named(1, 0))).await.unwrap();
    let document = document(&media);
    assert_eq!(document.size, 0);
    let at = document_at(&w.messenger, document.id, "");
    assert!(read(&w.messenger, w.alice, at).await.unwrap().is_empty(), "M-515");
}

#[tokio::test]
async fn uploads_belong_to_their_key() {
    let w = World::new().await;
    let file = w.upload(w.alice, 1, b"mine").await;
    let stolen = w.messenger.make_media(w.bob, as_document(file.clone())).await;
    assert_eq!(refusal(stolen), "400 FILE_PART_0_MISSING", "M-497");
    w.messenger.make_media(w.alice, as_document(file)).await.unwrap();
}

#[tokio::test]
async fn a_missing_part_is_uploaded_again_even_after_a_restart() {
    let w = World::new().await;
    let part = |number| Part { file_id: 1, number, total: None };
    w.messenger.save_file_part(w.alice, part(2), "tail".into()).await.unwrap();
    w.messenger.save_file_part(w.alice, part(0), vec![1; 1024].into()).await.unwrap();
    let incomplete = w.messenger.make_media(w.alice, as_document(named(1, 3))).await;
    assert_eq!(refusal(incomplete), "400 FILE_PART_1_MISSING", "M-507");

    let World { messenger, told, alice, dir, .. } = w;
    drop(messenger);
    let (_store, messenger) = open(dir.path(), told).await;
    let changed = messenger.save_file_part(alice, part(1), vec![2; 2048].into()).await;
    assert_eq!(refusal(changed), "400 FILE_PART_SIZE_CHANGED", "M-499");
    messenger.save_file_part(alice, part(1), vec![2; 1024].into()).await.unwrap();
    let media = messenger.make_media(alice, as_document(named(1, 3))).await.unwrap();
    assert_eq!(document(&media).size, 2052);
}

#[tokio::test]
async fn a_wrong_checksum_is_told() {
    let w = World::new().await;
    w.upload(w.alice, 1, b"abc").await;
    let with = |md5: &str| {
        let file = types::InputFile { id: 1, parts: 1, name: "x".into(), md5_checksum: md5.into() };
        as_document(file.into())
    };
    let wrong = w.messenger.make_media(w.alice, with("900150983cd24fb0d6963f7d28e17f73")).await;
    assert_eq!(refusal(wrong), "400 MD5_CHECKSUM_INVALID", "M-508");
    w.messenger.make_media(w.alice, with("900150983CD24FB0D6963F7D28E17F72")).await.unwrap();
    let parts = w.messenger.make_media(w.alice, as_document(named(1, 2))).await;
    assert_eq!(refusal(parts), "400 FILE_PARTS_INVALID", "M-510");
}

#[tokio::test]
async fn parallel_uses_of_one_upload_make_it_once() {
    let w = std::sync::Arc::new(World::new().await);
    let file = w.upload(w.alice, 1, &[7; 50_000]).await;
    let mut tasks = Vec::new();
    for _ in 0..16 {
        let (w, file) = (w.clone(), file.clone());
        tasks.push(tokio::spawn(async move { w.messenger.make_media(w.alice, as_document(file)).await }));
    }
    for task in tasks {
        assert_eq!(document(&task.await.unwrap().unwrap()).size, 50_000);
    }
}

#[tokio::test]
async fn a_photo_has_its_sizes_and_no_original() {
    let w = World::new().await;
    let file = w.upload(w.alice, 1, &png(500, 250, [200, 30, 40])).await;
    let photo = photo(&w.messenger.make_media(w.alice, as_photo(file)).await.unwrap());
    let shape: Vec<String> = photo
        .sizes
        .iter()
        .map(|size| match size {
            enums::PhotoSize::PhotoStrippedSize(s) => format!("{} {}", s.r#type, s.bytes[0]),
            enums::PhotoSize::PhotoSize(s) => format!("{} {}x{}", s.r#type, s.w, s.h),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(shape, ["i 1", "s 100x50", "m 320x160", "x 500x250"]);
    let at = document_at(&w.messenger, photo.id, "m");
    assert_eq!(read(&w.messenger, w.bob, at).await.unwrap()[..3], [0xff, 0xd8, 0xff], "M-520");
    for unknown in ["", "i", "w"] {
        let at = document_at(&w.messenger, photo.id, unknown);
        assert_eq!(refusal(read(&w.messenger, w.bob, at).await), "400 LOCATION_INVALID", "M-517 {unknown}");
    }
}

#[tokio::test]
async fn what_is_no_photo_is_refused_and_can_still_be_a_document() {
    let w = World::new().await;
    let file = w.upload(w.alice, 1, b"no picture").await;
    let photo = w.messenger.make_media(w.alice, as_photo(file.clone())).await;
    assert_eq!(refusal(photo), "400 IMAGE_PROCESS_FAILED");
    let input = types::InputMediaUploadedDocument {
        file,
        mime_type: "image/png".into(),
        ..types::InputMediaUploadedDocument::default()
    };
    let document = document(&w.messenger.make_media(w.alice, input.into()).await.unwrap());
    assert_eq!((document.size, document.thumbs), (10, None));
}

#[tokio::test]
async fn locations_are_checked() {
    let w = World::new().await;
    let file = w.upload(w.alice, 1, b"abc").await;
    let id = document(&w.messenger.make_media(w.alice, as_document(file)).await.unwrap()).id;
    let good = || document_at(&w.messenger, id, "");
    let m = &w.messenger;
    let text = async |at| refusal(read(m, w.bob, at).await);
    assert_eq!(text(good()).await, "done");
    let forged = types::InputDocumentFileLocation { access_hash: 1, ..good() };
    assert_eq!(text(forged).await, "400 LOCATION_INVALID", "M-517");
    let empty = types::InputDocumentFileLocation { file_reference: Default::default(), ..good() };
    assert_eq!(text(empty).await, "400 FILE_REFERENCE_EMPTY", "M-517");
    let other = types::InputDocumentFileLocation { file_reference: "0123456789abcdef".into(), ..good() };
    assert_eq!(text(other).await, "400 FILE_REFERENCE_INVALID", "M-517");
    let old = m.now() - zaun_messenger::access::FILE_REFERENCE_LIFE_S - 1;
    let old = types::InputDocumentFileLocation {
        file_reference: m.access.file_reference(id, old).into(),
        ..good()
    };
    assert_eq!(text(old).await, "400 FILE_REFERENCE_EXPIRED", "M-517, M-518");
    assert_eq!(text(document_at(m, id + 1, "")).await, "400 FILE_ID_INVALID", "M-517");
}

#[tokio::test]
async fn known_media_are_used_again_by_hash_and_reference() {
    let w = World::new().await;
    let file = w.upload(w.alice, 1, &png(10, 10, [0; 3])).await;
    let m = &w.messenger;
    let made = photo(&m.make_media(w.alice, as_photo(file)).await.unwrap());
    let input = |id: i64, access_hash| -> enums::InputMedia {
        let file_reference = m.access.file_reference(id, m.now()).into();
        let id = types::InputPhoto { id, access_hash, file_reference };
        types::InputMediaPhoto { id: id.into(), ..types::InputMediaPhoto::default() }.into()
    };
    let again = m.make_media(w.bob, input(made.id, m.access.media(made.id))).await.unwrap();
    assert_eq!(photo(&again), made);
    assert_eq!(refusal(m.make_media(w.bob, input(made.id, 5)).await), "400 PHOTO_INVALID", "M-517");
    // A photo is no document, whatever the hash.
    let as_document = types::InputDocument {
        id: made.id,
        access_hash: m.access.media(made.id),
        file_reference: m.access.file_reference(made.id, m.now()).into(),
    };
    let wrong = types::InputMediaDocument { id: as_document.into(), ..types::InputMediaDocument::default() };
    assert_eq!(refusal(m.make_media(w.bob, wrong.into()).await), "400 DOCUMENT_INVALID", "M-517");
}

#[tokio::test]
async fn a_repeated_call_finds_what_the_first_one_sent() {
    let w = World::new().await;
    let peer = user(w.bob);
    let file = w.upload(w.alice, 1, b"abc").await;
    let media = Some(w.messenger.make_media(w.alice, as_document(file)).await.unwrap());
    assert!(w.messenger.sent_before(w.alice, peer, vec![5]).await.unwrap().is_none());
    let message = types::Message { media, ..types::Message::default() };
    let content = Content { text: String::new(), message };
    let draft = Draft { random_id: 5, content, ..Draft::default() };
    let sent = w.messenger.send(w.alice, peer, vec![draft]).await.unwrap();
    let again = w.messenger.sent_before(w.alice, peer, vec![5]).await.unwrap().expect("it was sent");
    assert_eq!(again.value[0].message.row, sent.value[0].message.row, "M-218");
    assert!(w.messenger.sent_before(w.alice, peer, vec![5, 6]).await.unwrap().is_none());
}

#[tokio::test]
async fn what_does_not_exist_here_is_refused() {
    let w = World::new().await;
    let media = |input: enums::InputMedia| w.messenger.make_media(w.alice, input);
    assert_eq!(refusal(media(enums::InputMedia::InputMediaEmpty).await), "400 MEDIA_EMPTY");
    let story = types::InputMediaStory { peer: enums::InputPeer::InputPeerSelf, id: 1 };
    assert_eq!(refusal(media(story.into()).await), "400 MEDIA_INVALID");
    let secret = types::InputMediaUploadedPhoto {
        file: named(1, 1),
        ttl_seconds: Some(5),
        ..types::InputMediaUploadedPhoto::default()
    };
    assert_eq!(refusal(media(secret.into()).await), "400 TTL_MEDIA_INVALID");
    for (lat, long) in [(91.0, 0.0), (0.0, 181.0), (f64::NAN, 0.0)] {
        let geo_point = types::InputGeoPoint { lat, long, accuracy_radius: None }.into();
        let place = types::InputMediaGeoPoint { geo_point };
        assert_eq!(refusal(media(place.into()).await), "400 MEDIA_INVALID");
    }
}
