//! Places that move (G-436).

use zaun_schema::api::{enums, functions, types};

use crate::support::*;

fn live(lat: f64, change: impl Fn(&mut types::InputMediaGeoLive)) -> enums::InputMedia {
    let geo_point = types::InputGeoPoint { lat, long: 8.5, accuracy_radius: None }.into();
    let mut media = types::InputMediaGeoLive { geo_point, ..Default::default() };
    change(&mut media);
    media.into()
}

fn shown(message: enums::Message) -> Option<types::MessageMediaGeoLive> {
    let enums::Message::Message(message) = message else { return None };
    match message.media {
        Some(enums::MessageMedia::MessageMediaGeoLive(live)) => Some(*live),
        _ => None,
    }
}

#[tokio::test]
async fn g_436_a_place_moves_until_it_is_ended_or_its_time_is_over() {
    let mut world = world("999667").await;
    let bob = world.alice.befriend("9996670002").await.unwrap();
    let send = |media, random_id| functions::messages::SendMedia {
        peer: bob.clone(),
        media,
        random_id,
        ..Default::default()
    };
    let begun = live(47.0, |media| (media.period, media.heading) = (Some(3 * 86_400), Some(10)));
    assert!(refused(&mut world.alice, &send(begun, 1)).await.contains("MEDIA_INVALID"));
    let begun = live(47.0, |media| (media.period, media.heading) = (Some(86_400), Some(10)));
    let sent = packet(world.alice.call(&send(begun, 2)).await.unwrap());
    let id = sent.updates.iter().find_map(|update| match update {
        enums::Update::UpdateMessageID(named) => Some(named.id),
        _ => None,
    });
    let id = id.unwrap();
    let first = update(&mut world.bob, |update| match update {
        enums::Update::UpdateNewMessage(new) => shown(new.message.clone()),
        _ => None,
    });
    let first = first.await;
    assert_eq!((first.period, first.heading), (86_400, Some(10)));

    let edit = |media| functions::messages::EditMessage {
        peer: bob.clone(),
        id,
        media: Some(media),
        ..Default::default()
    };
    // G-329: it moves on when other messages could not be edited any more, here because it was lengthened.
    let longer = live(47.1, |media| media.period = Some(2 * 86_400 + 3_600));
    assert!(refused(&mut world.alice, &edit(longer)).await.contains("MEDIA_INVALID"));
    let longer = live(47.1, |media| media.period = Some(2 * 86_400));
    world.alice.call(&edit(longer)).await.unwrap();
    world._sandbox.advance(86_400 + 7_200).await;
    let longer = live(47.2, |media| media.period = Some(3 * 86_400));
    world.alice.call(&edit(longer)).await.unwrap();
    world._sandbox.advance(86_400).await;
    world.alice.call(&edit(live(47.3, |_| {}))).await.unwrap();
    let moved = update(&mut world.bob, |update| match update {
        enums::Update::UpdateEditMessage(new) => shown(new.message.clone())
            .filter(|live| matches!(&live.geo, enums::GeoPoint::GeoPoint(point) if point.lat > 47.25)),
        _ => None,
    });
    assert_eq!(moved.await.period, 3 * 86_400);

    let stop = live(0.0, |media| {
        media.stopped = true;
        media.geo_point = enums::InputGeoPoint::InputGeoPointEmpty;
    });
    world.alice.call(&edit(stop)).await.unwrap();
    let ended = update(&mut world.bob, |update| match update {
        enums::Update::UpdateEditMessage(new) => {
            shown(new.message.clone()).filter(|live| live.period < 3 * 86_400 && live.period > 2 * 86_400)
        }
        _ => None,
    });
    let enums::GeoPoint::GeoPoint(point) = ended.await.geo else { panic!("it stays where it was") };
    assert!((point.lat - 47.3).abs() < 1e-9);
    let again = refused(&mut world.alice, &edit(live(47.4, |_| {}))).await;
    assert!(again.contains("MESSAGE_EDIT_TIME_EXPIRED"), "{again}");
}
