//! Profile photos: gallery, current one, who hears of it.

use zaun_messenger::contacts::Entry;
use zaun_messenger::files::download::{FileLocation, Range};
use zaun_messenger::{Audience, Event};
use zaun_schema::api::{enums, types};

use crate::world::{World, png, user};

impl World {
    async fn set_photo(&self, file_id: i64, colour: [u8; 3]) -> types::Photo {
        let file = self.upload(self.alice, file_id, &png(200, 300, colour)).await;
        self.messenger.upload_profile_photo(self.alice, &file).await.unwrap()
    }

    fn input(&self, photo: &types::Photo) -> enums::InputPhoto {
        types::InputPhoto {
            id: photo.id,
            access_hash: self.messenger.access.media(photo.id),
            file_reference: self.messenger.access.file_reference(photo.id, self.messenger.now()).into(),
        }
        .into()
    }

    async fn current(&self) -> Option<i64> {
        let photo = self.messenger.profile_photo(self.alice.user_id).await.unwrap();
        let (alice, scene) = self.messenger.person(self.bob.user_id, user(self.alice)).await.unwrap();
        let alice = scene.person(self.bob.user_id, alice).unwrap();
        assert_eq!(alice.user.photo_id, photo.as_ref().map(|photo| photo.id));
        assert_eq!(alice.user.photo_thumb.is_some(), photo.is_some());
        photo.map(|photo| photo.id)
    }

    async fn gallery(&self, offset: i32, max_id: i64, limit: i32) -> (Vec<i64>, usize) {
        let alice = user(self.alice);
        let page = self.messenger.profile_photos(self.bob, alice, offset, max_id, limit).await.unwrap();
        (page.photos.iter().map(|photo| photo.id).collect(), page.total)
    }
}

#[tokio::test]
async fn the_newest_is_current_until_it_is_deleted() {
    let w = World::new().await;
    let first = w.set_photo(1, [10, 0, 0]).await;
    let second = w.set_photo(2, [0, 10, 0]).await;
    let third = w.set_photo(3, [0, 0, 10]).await;
    assert_eq!(w.current().await, Some(third.id));
    let all = vec![third.id, second.id, first.id];
    assert_eq!(w.gallery(0, 0, 10).await, (all.clone(), 3));
    assert_eq!(w.gallery(1, 0, 1).await, (vec![second.id], 3));
    assert_eq!(w.gallery(0, second.id, 10).await, (vec![first.id], 3));
    assert_eq!(w.gallery(-1, second.id, 1).await, (vec![second.id], 3));

    let forged = types::InputPhoto { id: first.id, ..types::InputPhoto::default() };
    let deleted = w
        .messenger
        .delete_profile_photos(w.alice, vec![w.input(&third), w.input(&second), forged.into()])
        .await;
    assert_eq!(deleted.unwrap(), [third.id, second.id]);
    assert_eq!(w.current().await, Some(first.id));
    w.messenger.use_profile_photo(w.alice, &enums::InputPhoto::InputPhotoEmpty).await.unwrap();
    assert_eq!((w.current().await, w.gallery(0, 0, 0).await), (None, (vec![], 0)));
}

#[tokio::test]
async fn an_old_photo_comes_to_the_front() {
    let w = World::new().await;
    let first = w.set_photo(1, [10, 0, 0]).await;
    let second = w.set_photo(2, [0, 10, 0]).await;
    w.messenger.use_profile_photo(w.alice, &w.input(&first)).await.unwrap();
    assert_eq!(w.current().await, Some(first.id));
    assert_eq!(w.gallery(0, 0, 10).await.0, [first.id, second.id]);
}

#[tokio::test]
async fn those_who_show_the_user_are_told() {
    let w = World::new().await;
    let entry = Entry {
        client_id: 1,
        phone: "9996610001".into(),
        first_name: "Alice".into(),
        last_name: String::new(),
    };
    w.messenger.import_contacts(w.bob, vec![entry]).await.unwrap();
    w.told.take();
    w.set_photo(1, [10, 0, 0]).await;
    let told = w.told.take();
    let update = Event::Transient(types::UpdateUser { user_id: w.alice.user_id.0 }.into());
    assert!(told.iter().all(|delivery| delivery.event == update), "{told:?}");
    let audiences: Vec<Audience> = told.iter().map(|delivery| delivery.audience).collect();
    assert_eq!(audiences, [Audience::User(w.alice.user_id), Audience::User(w.bob.user_id)]);
    assert_eq!(told[0].skip, Some((w.alice.key_id, w.alice.session_id)));
}

#[tokio::test]
async fn profile_photos_are_found_by_their_user() {
    let w = World::new().await;
    let photo = w.set_photo(1, [10, 200, 30]).await;
    let at = |photo_id, big| FileLocation::Profile { peer: user(w.alice), photo_id, big };
    let range = Range { offset: 0, limit: 1 << 20, precise: false };
    let size = |wanted: &str| {
        photo.sizes.iter().find_map(|size| match size {
            enums::PhotoSize::PhotoSize(size) if size.r#type == wanted => usize::try_from(size.size).ok(),
            _ => None,
        })
    };
    for (big, letter) in [(false, "a"), (true, "b")] {
        let piece = w.messenger.file_piece(w.bob, at(photo.id, big), range).await.unwrap();
        assert_eq!(Some(piece.bytes.len()), size(letter));
    }
    let other = w.messenger.file_piece(w.bob, at(photo.id + 1, false), range).await;
    assert_eq!(other.unwrap_err().to_string(), "400 LOCATION_INVALID", "M-517");
}
