//! Sets of stickers, masks and custom emoji.

use std::io::Cursor;

use zaun_messenger::stickers::list_hash;
use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;

type Full = types::messages::StickerSet;

fn picture(format: image::ImageFormat, width: u32, height: u32, red: u8) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let pixels = image::RgbaImage::from_pixel(width, height, image::Rgba([red, 20, 30, 128]));
    pixels.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn png(side: u32, red: u8) -> Vec<u8> {
    picture(image::ImageFormat::Png, side, side, red)
}

/// Uploads a file as a document.
async fn document(client: &mut ApiClient, bytes: Vec<u8>, mime_type: &str) -> enums::InputDocument {
    let id = rand::random();
    let part = functions::upload::SaveFilePart { file_id: id, file_part: 0, bytes: bytes.into() };
    assert!(client.call(&part).await.unwrap());
    let file = types::InputFile { id, parts: 1, name: "sticker".into(), md5_checksum: String::new() };
    // Whoever claims to be in a set is not believed.
    let claim = types::DocumentAttributeSticker {
        alt: "😀".into(),
        stickerset: types::InputStickerSetID { id: 1, access_hash: 2 }.into(),
        ..Default::default()
    };
    let media = types::InputMediaUploadedDocument {
        file: file.into(),
        mime_type: mime_type.into(),
        attributes: vec![claim.into()],
        ..Default::default()
    };
    let upload = functions::messages::UploadMedia {
        peer: enums::InputPeer::InputPeerSelf,
        media: media.into(),
        ..Default::default()
    };
    let enums::MessageMedia::MessageMediaDocument(media) = client.call(&upload).await.unwrap() else {
        panic!()
    };
    named_document(&media.document.unwrap())
}

fn named_document(document: &enums::Document) -> enums::InputDocument {
    let document = written(document);
    let (id, access_hash) = (document.id, document.access_hash);
    types::InputDocument { id, access_hash, file_reference: document.file_reference.clone() }.into()
}

fn written(document: &enums::Document) -> &types::Document {
    let enums::Document::Document(document) = document else { panic!("G-429") };
    document
}

fn item(document: &enums::InputDocument, emoji: &str) -> types::InputStickerSetItem {
    types::InputStickerSetItem {
        document: document.clone(),
        emoji: emoji.into(),
        mask_coords: None,
        keywords: None,
    }
}

fn new(name: &str, stickers: Vec<types::InputStickerSetItem>) -> functions::stickers::CreateStickerSet {
    functions::stickers::CreateStickerSet {
        user_id: enums::InputUser::InputUserSelf,
        title: "Cats".into(),
        short_name: name.into(),
        stickers,
        ..Default::default()
    }
}

fn whole(set: enums::messages::StickerSet) -> Full {
    let enums::messages::StickerSet::StickerSet(set) = set else { panic!("{set:?}") };
    // G-430
    assert_eq!(usize::try_from(set.set.count).unwrap(), set.documents.len());
    let ids: Vec<i64> = set.documents.iter().map(|one| written(one).id).collect();
    assert!(
        set.packs
            .iter()
            .all(|pack| !pack.emoticon.is_empty() && pack.documents.iter().all(|id| ids.contains(id)))
    );
    assert!(set.keywords.iter().all(|words| ids.contains(&words.document_id)));
    assert!(set.documents.iter().all(|one| written(one).dc_id != 0 && set.set.hash != 0));
    *set
}

fn by_name(name: &str) -> enums::InputStickerSet {
    types::InputStickerSetShortName { short_name: name.into() }.into()
}

fn by_id(set: &types::StickerSet) -> enums::InputStickerSet {
    types::InputStickerSetID { id: set.id, access_hash: set.access_hash }.into()
}

fn get(set: enums::InputStickerSet) -> functions::messages::GetStickerSet {
    functions::messages::GetStickerSet { stickerset: set, hash: 0 }
}

async fn listed(client: &mut ApiClient) -> types::messages::AllStickers {
    let list = client.call(&functions::messages::GetAllStickers { hash: 0 }).await.unwrap();
    let enums::messages::AllStickers::AllStickers(list) = list else { panic!("A-102") };
    assert_eq!(list.hash, list_hash(list.sets.iter().map(|set| i64::from(set.hash))), "G-432");
    list
}

/// A-110 … A-118: a user makes a set and changes it.
#[tokio::test]
async fn a115_a118_sets_are_made_and_changed() {
    let mut world = world("999664").await;
    let red = document(&mut world.alice, png(512, 255), "image/png").await;
    let blue = document(&mut world.alice, png(512, 0), "image/png").await;
    let odd = document(&mut world.alice, png(511, 0), "image/png").await;
    let text = document(&mut world.alice, b"no picture".to_vec(), "image/webp").await;
    for (set, error) in [
        (new("cats", vec![]), "400 STICKERS_EMPTY"),
        (new("1cats", vec![item(&red, "😀")]), "400 PACK_SHORT_NAME_INVALID"),
        (
            functions::stickers::CreateStickerSet {
                title: " ".into(),
                ..new("cats", vec![item(&red, "😀")])
            },
            "400 PACK_TITLE_INVALID",
        ),
        (new("cats", vec![item(&red, "cat")]), "400 STICKER_EMOJI_INVALID"),
        (new("cats", vec![item(&odd, "😀")]), "400 STICKER_PNG_DIMENSIONS"),
        (new("cats", vec![item(&text, "😀")]), "400 STICKER_PNG_NOPNG"),
        (
            functions::stickers::CreateStickerSet { emojis: true, ..new("cats", vec![item(&red, "😀")]) },
            "400 STICKER_PNG_DIMENSIONS",
        ),
    ] {
        assert_eq!(refused(&mut world.alice, &set).await, error, "A-114, A-115");
    }
    let check = functions::stickers::CheckShortName { short_name: "cats".into() };
    assert!(world.alice.call(&check).await.unwrap());
    let made = whole(world.alice.call(&new("cats", vec![item(&red, "😀👍")])).await.unwrap());
    assert!(made.set.creator && made.set.installed_date.is_none() && made.set.short_name == "cats");
    assert_eq!(refused(&mut world.alice, &check).await, "400 SHORT_NAME_OCCUPIED", "A-117");
    let again = new("CATS", vec![item(&red, "😀")]);
    assert_eq!(refused(&mut world.bob, &again).await, "400 PACK_SHORT_NAME_OCCUPIED", "A-115");
    let suggest = functions::stickers::SuggestShortName { title: "Cats".into() };
    assert_eq!(world.alice.call(&suggest).await.unwrap().short_name, "Cats2");

    let first = written(&made.documents[0]);
    assert_eq!(first.mime_type, "image/webp", "A-114");
    let attribute = first.attributes.iter().find_map(|a| match a {
        enums::DocumentAttribute::DocumentAttributeSticker(sticker) => Some(sticker.clone()),
        _ => None,
    });
    let attribute = attribute.unwrap();
    assert_eq!((attribute.alt.as_str(), &attribute.stickerset), ("😀", &by_id(&made.set)), "A-111");
    assert!(
        first.attributes.iter().any(
            |a| matches!(a, enums::DocumentAttribute::DocumentAttributeImageSize(size) if size.w == 512)
        )
    );

    //
    let add =
        functions::stickers::AddStickerToSet { stickerset: by_name("cats"), sticker: item(&blue, "🐈") };
    assert_eq!(refused(&mut world.bob, &add).await, "400 STICKERSET_INVALID", "A-116");
    let two = whole(world.alice.call(&add).await.unwrap());
    assert!(two.set.count == 2 && two.set.hash != made.set.hash, "A-103");
    let sticker = named_document(&two.documents[1]);
    let second = written(&two.documents[1]).id;
    let moved = functions::stickers::ChangeStickerPosition { sticker: sticker.clone(), position: 0 };
    let moved = whole(world.alice.call(&moved).await.unwrap());
    assert_eq!(written(&moved.documents[0]).id, second);
    let change = functions::stickers::ChangeSticker {
        sticker: sticker.clone(),
        emoji: Some("🦁".into()),
        mask_coords: None,
        keywords: Some("lion, big".into()),
    };
    let changed = whole(world.alice.call(&change).await.unwrap());
    assert!(changed.packs.iter().any(|pack| pack.emoticon == "🦁" && pack.documents == [second]));
    assert_eq!(changed.keywords[0].keyword, ["lion", "big"]);
    let rename =
        functions::stickers::RenameStickerSet { stickerset: by_name("cats"), title: "Big cats".into() };
    assert_eq!(whole(world.alice.call(&rename).await.unwrap()).set.title, "Big cats");
    let small = document(&mut world.alice, png(100, 9), "image/png").await;
    let thumb = |thumb| functions::stickers::SetStickerSetThumb {
        stickerset: by_name("cats"),
        thumb: Some(thumb),
        thumb_document_id: None,
    };
    assert_eq!(refused(&mut world.alice, &thumb(blue.clone())).await, "400 STICKER_THUMB_PNG_DIMENSIONS");
    let shown = whole(world.alice.call(&thumb(small)).await.unwrap()).set;
    assert!(shown.thumbs.is_some() && shown.thumb_dc_id.is_some_and(|dc| dc > 0));
    let place = types::InputStickerSetThumb {
        stickerset: by_name("cats"),
        thumb_version: shown.thumb_version.unwrap(),
    };
    let file = functions::upload::GetFile {
        location: place.into(),
        offset: 0,
        limit: 1 << 20,
        ..Default::default()
    };
    let enums::upload::File::File(file) = world.bob.call(&file).await.unwrap() else { panic!() };
    assert!(file.bytes.starts_with(b"RIFF"));
    let replace =
        functions::stickers::ReplaceSticker { sticker: sticker.clone(), new_sticker: item(&red, "🐯") };
    let replaced = whole(world.alice.call(&replace).await.unwrap());
    assert!(replaced.set.count == 2 && written(&replaced.documents[0]).id != second);
    assert_eq!(refused(&mut world.alice, &replace).await, "400 STICKER_INVALID");
    let remove =
        functions::stickers::RemoveStickerFromSet { sticker: named_document(&replaced.documents[0]) };
    let rest = whole(world.alice.call(&remove).await.unwrap());
    assert_eq!(written(&rest.documents[0]).id, first.id);
    let own = functions::messages::GetMyStickers { offset_id: 0, limit: 10 };
    let own = world.alice.call(&own).await.unwrap();
    assert_eq!((own.count, own.sets.len()), (1, 1));

    let same = functions::messages::GetStickerSet { stickerset: by_name("Cats"), hash: rest.set.hash };
    assert!(matches!(
        world.bob.call(&same).await.unwrap(),
        enums::messages::StickerSet::StickerSetNotModified
    ));
    let delete = functions::stickers::DeleteStickerSet { stickerset: by_name("cats") };
    assert_eq!(refused(&mut world.bob, &delete).await, "400 STICKERSET_INVALID");
    assert!(world.alice.call(&delete).await.unwrap());
    for gone in [
        by_name("cats"),
        enums::InputStickerSet::InputStickerSetAnimatedEmoji,
        enums::InputStickerSet::InputStickerSetEmpty,
    ] {
        assert_eq!(refused(&mut world.bob, &get(gone)).await, "406 STICKERSET_INVALID", "A-118");
    }
}

/// sets are installed, shown in an order, archived.
#[tokio::test]
async fn a119_sets_are_installed_and_ordered() {
    let mut world = world("999665").await;
    let mut sets = Vec::new();
    for (name, red) in [("one", 1), ("two", 2), ("three", 3)] {
        let picture = document(&mut world.alice, png(512, red), "image/png").await;
        sets.push(whole(world.alice.call(&new(name, vec![item(&picture, "😀")])).await.unwrap()).set);
    }
    let mut phone = client(world._sandbox.address()).await;
    phone.log_in("9996650002").await.unwrap();
    assert!(listed(&mut world.bob).await.sets.is_empty());
    for set in &sets {
        let install = functions::messages::InstallStickerSet { stickerset: by_id(set), archived: false };
        assert_eq!(
            world.bob.call(&install).await.unwrap(),
            enums::messages::StickerSetInstallResult::StickerSetInstallResultSuccess
        );
    }
    let told = update(&mut phone, |update| match update {
        enums::Update::UpdateNewStickerSet(update) => Some(update.stickerset.clone()),
        _ => None,
    });
    let told = whole(told.await);
    assert!(told.set.id == sets[0].id && told.set.installed_date.is_some() && !told.set.creator, "A-119");
    let order = |list: &types::messages::AllStickers| list.sets.iter().map(|set| set.id).collect::<Vec<_>>();
    let list = listed(&mut world.bob).await;
    let (one, two, three) = (sets[0].id, sets[1].id, sets[2].id);
    assert_eq!(order(&list), [three, two, one]);
    let same = functions::messages::GetAllStickers { hash: list.hash };
    assert!(matches!(
        world.bob.call(&same).await.unwrap(),
        enums::messages::AllStickers::AllStickersNotModified
    ));
    let reorder =
        functions::messages::ReorderStickerSets { masks: false, emojis: false, order: vec![one, 77, three] };
    assert!(world.bob.call(&reorder).await.unwrap());
    assert_eq!(order(&listed(&mut world.bob).await), [one, three, two]);
    let told = update(&mut phone, |update| match update {
        enums::Update::UpdateStickerSetsOrder(update) => Some(update.order.clone()),
        _ => None,
    });
    assert_eq!(told.await, [one, three, two]);
    let archive = functions::messages::InstallStickerSet { stickerset: by_id(&sets[0]), archived: true };
    world.bob.call(&archive).await.unwrap();
    let uninstall = functions::messages::UninstallStickerSet { stickerset: by_id(&sets[1]) };
    assert!(world.bob.call(&uninstall).await.unwrap());
    assert_eq!(order(&listed(&mut world.bob).await), [three]);
    let archived = functions::messages::GetArchivedStickers { offset_id: 0, limit: 10, ..Default::default() };
    let archived = world.bob.call(&archived).await.unwrap();
    assert!(
        archived.count == 1
            && matches!(&archived.sets[..], [enums::StickerSetCovered::StickerSetCovered(one)] if one.set.archived)
    );
    let changed =
        |update: &enums::Update| matches!(update, enums::Update::UpdateStickerSets(_)).then_some(());
    update(&mut phone, changed).await;
    let hash = listed(&mut world.bob).await.hash;
    let rename = functions::stickers::RenameStickerSet { stickerset: by_name("three"), title: "3".into() };
    world.alice.call(&rename).await.unwrap();
    update(&mut world.bob, changed).await;
    assert_ne!(listed(&mut world.bob).await.hash, hash, "A-103");
    let foreign = types::InputStickerSetID { id: one, access_hash: 1 };
    assert_eq!(refused(&mut world.bob, &get(foreign.into())).await, "406 STICKERSET_INVALID");

    // A sticker that is sent says which set it is of.
    let three = whole(world.bob.call(&get(by_name("three"))).await.unwrap());
    let media = types::InputMediaDocument { id: named_document(&three.documents[0]), ..Default::default() };
    let send = functions::messages::SendMedia {
        peer: enums::InputPeer::InputPeerSelf,
        media: media.into(),
        random_id: 1,
        ..Default::default()
    };
    let sent = packet(world.bob.call(&send).await.unwrap());
    let of_set = sent.updates.iter().any(|update| {
        let enums::Update::UpdateNewMessage(update) = update else { return false };
        format!("{:?}", update.message).contains(&format!("InputStickerSetID {{ id: {}", three.set.id))
    });
    assert!(of_set, "A-111: {sent:?}");
}

/// masks and custom emoji; a supergroup's set.
#[tokio::test]
async fn a111_masks_emoji_and_the_set_of_a_group() {
    let mut world = world("999666").await;
    let small =
        document(&mut world.alice, picture(image::ImageFormat::WebP, 100, 100, 5), "image/webp").await;
    let made = functions::stickers::CreateStickerSet {
        emojis: true,
        text_color: true,
        ..new("tiny", vec![item(&small, "😀")])
    };
    let emoji = whole(world.alice.call(&made).await.unwrap());
    assert!(emoji.set.emojis && emoji.set.text_color);
    let one = written(&emoji.documents[0]);
    assert!(one.attributes.iter().any(|a| matches!(a,
        enums::DocumentAttribute::DocumentAttributeCustomEmoji(emoji) if emoji.free && emoji.text_color)));
    let find = functions::messages::GetCustomEmojiDocuments { document_id: vec![5, one.id] };
    let found = world.bob.call(&find).await.unwrap();
    assert!(matches!(&found[..], [found] if written(found).id == one.id));
    let thumb = functions::stickers::SetStickerSetThumb {
        stickerset: by_name("tiny"),
        thumb: None,
        thumb_document_id: Some(one.id),
    };
    assert_eq!(whole(world.alice.call(&thumb).await.unwrap()).set.thumb_document_id, Some(one.id));

    let picture = document(&mut world.alice, png(512, 7), "image/png").await;
    let coords = types::MaskCoords { n: 1, x: 0.5, y: -0.5, zoom: 2.0 };
    let mask = types::InputStickerSetItem { mask_coords: Some(coords.clone()), ..item(&picture, "👓") };
    assert_eq!(
        refused(&mut world.alice, &new("glasses", vec![mask.clone()])).await,
        "400 MASK_COORDS_INVALID"
    );
    let made = functions::stickers::CreateStickerSet { masks: true, ..new("glasses", vec![mask]) };
    let masks = whole(world.alice.call(&made).await.unwrap());
    let said = written(&masks.documents[0]).attributes.iter().find_map(|a| match a {
        enums::DocumentAttribute::DocumentAttributeSticker(sticker) if sticker.mask => {
            sticker.mask_coords.clone()
        }
        _ => None,
    });
    assert_eq!(said, Some(coords));
    for set in [&emoji, &masks] {
        let install = functions::messages::InstallStickerSet { stickerset: by_id(&set.set), archived: false };
        world.bob.call(&install).await.unwrap();
    }
    assert!(listed(&mut world.bob).await.sets.is_empty(), "G-432");
    let list = world.bob.call(&functions::messages::GetMaskStickers { hash: 0 }).await.unwrap();
    assert!(matches!(list, enums::messages::AllStickers::AllStickers(list) if list.sets.len() == 1));
    let list = world.bob.call(&functions::messages::GetEmojiStickers { hash: 0 }).await.unwrap();
    assert!(matches!(list, enums::messages::AllStickers::AllStickers(list) if list.sets.len() == 1));

    let create = functions::channels::CreateChannel {
        megagroup: true,
        title: "Group".into(),
        about: String::new(),
        ..Default::default()
    };
    let created = packet(world.alice.call(&create).await.unwrap());
    let Some(enums::Chat::Channel(group)) = created.chats.first().cloned() else { panic!() };
    let channel: enums::InputChannel =
        types::InputChannel { channel_id: group.id, access_hash: group.access_hash.unwrap() }.into();
    whole(world.alice.call(&new("cats", vec![item(&picture, "😀")])).await.unwrap());
    let set = |stickerset| functions::channels::SetStickers { channel: channel.clone(), stickerset };
    assert_eq!(refused(&mut world.alice, &set(by_name("glasses"))).await, "400 STICKERSET_INVALID");
    assert!(world.alice.call(&set(by_name("cats"))).await.unwrap());
    let full = functions::channels::GetFullChannel { channel: channel.clone() };
    let stickers = async |client: &mut ApiClient| {
        let full = client.call(&full).await.unwrap();
        let enums::ChatFull::ChannelFull(full) = full.full_chat else { panic!() };
        assert!(full.can_set_stickers);
        full.stickerset.map(|set| set.short_name)
    };
    assert_eq!(stickers(&mut world.alice).await.as_deref(), Some("cats"));
    assert!(world.alice.call(&set(enums::InputStickerSet::InputStickerSetEmpty)).await.unwrap());
    assert_eq!(stickers(&mut world.alice).await, None);
}

/// favourites, what was used last, saved animations, stickers by emoji.
#[tokio::test]
async fn a124_stickers_and_animations_are_kept() {
    let mut world = world("999667").await;
    let first = document(&mut world.alice, png(512, 1), "image/png").await;
    let second = document(&mut world.alice, png(512, 2), "image/png").await;
    let made = new("cats", vec![item(&first, "😀👍"), item(&second, "🐈")]);
    let made = whole(world.alice.call(&made).await.unwrap());
    let set = whole(world.bob.call(&get(by_id(&made.set))).await.unwrap());
    let (one, two) = (named_document(&set.documents[0]), named_document(&set.documents[1]));
    let (one_id, two_id) = (written(&set.documents[0]).id, written(&set.documents[1]).id);

    let fave =
        |id: &enums::InputDocument, unfave| functions::messages::FaveSticker { id: id.clone(), unfave };
    for id in [&one, &two] {
        assert!(world.bob.call(&fave(id, false)).await.unwrap());
    }
    let get_faved = functions::messages::GetFavedStickers { hash: 0 };
    let faved = world.bob.call(&get_faved).await.unwrap();
    let enums::messages::FavedStickers::FavedStickers(faved) = faved else { panic!() };
    assert_eq!(faved.stickers.iter().map(|one| written(one).id).collect::<Vec<_>>(), [two_id, one_id]);
    assert_eq!((faved.hash, faved.packs.len()), (list_hash([two_id, one_id]), 2), "A-101");
    let same = functions::messages::GetFavedStickers { hash: faved.hash };
    assert!(matches!(
        world.bob.call(&same).await.unwrap(),
        enums::messages::FavedStickers::FavedStickersNotModified
    ));
    assert!(world.bob.call(&fave(&two, true)).await.unwrap());

    // What is sent was used last.
    let media = types::InputMediaDocument { id: one.clone(), ..Default::default() };
    let send = functions::messages::SendMedia {
        peer: enums::InputPeer::InputPeerSelf,
        media: media.into(),
        random_id: 1,
        ..Default::default()
    };
    world.bob.call(&send).await.unwrap();
    let get_recent = functions::messages::GetRecentStickers { attached: false, hash: 0 };
    let recent = world.bob.call(&get_recent).await.unwrap();
    let enums::messages::RecentStickers::RecentStickers(recent) = recent else { panic!() };
    assert_eq!((recent.stickers.len(), recent.dates.len()), (1, 1), "A-124");
    assert!(world.bob.call(&functions::messages::ClearRecentStickers { attached: false }).await.unwrap());
    let recent = world.bob.call(&get_recent).await.unwrap();
    assert!(
        matches!(recent, enums::messages::RecentStickers::RecentStickers(list) if list.stickers.is_empty() && list.hash == 0)
    );

    let save = functions::messages::SaveGif { id: one, unsave: false };
    assert_eq!(refused(&mut world.bob, &save).await, "400 GIF_ID_INVALID", "A-124");
    let gifs = world.bob.call(&functions::messages::GetSavedGifs { hash: 0 }).await.unwrap();
    assert!(matches!(gifs, enums::messages::SavedGifs::SavedGifs(list) if list.gifs.is_empty()));

    let find = functions::messages::GetStickers { emoticon: "👍".into(), hash: 0 };
    let found = world.bob.call(&find).await.unwrap();
    assert!(matches!(found, enums::messages::Stickers::Stickers(list) if list.stickers.is_empty()));
    let install = functions::messages::InstallStickerSet { stickerset: by_id(&made.set), archived: false };
    world.bob.call(&install).await.unwrap();
    let found = world.bob.call(&find).await.unwrap();
    assert!(matches!(found, enums::messages::Stickers::Stickers(list) if list.stickers.len() == 1), "A-123");
}
