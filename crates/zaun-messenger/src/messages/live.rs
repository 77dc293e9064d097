//! Places that move until they end (G-436).

use zaun_schema::api::enums::{GeoPoint, MessageMedia};
use zaun_schema::api::{enums, types};

use crate::files::media::geo_point;
use crate::{Error, errors};

/// Seconds that a place may move for, unless it moves for ever.
const SHORTEST_S: i32 = 60;
const LONGEST_S: i32 = 86_400;
/// The period of a place that moves until it is stopped.
pub const FOR_EVER: i32 = i32::MAX;
/// Degrees in which somebody heads.
const HEADINGS: std::ops::RangeInclusive<i32> = 1..=360;
/// Metres of nearness that somebody wants to be told of.
const NEARNESS: std::ops::RangeInclusive<i32> = 1..=100_000;

/// What becomes of a place that moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// Where it is now; `None` leaves it where it was.
    pub place: Option<GeoPoint>,
    /// Where it heads, in degrees from 1 to 360.
    pub heading: Option<i32>,
    /// Seconds from its beginning until it ends; `None` leaves them as they are.
    pub period: Option<i32>,
    /// Metres from it of which the other side wants to be told.
    pub nearness: Option<i32>,
    /// Whether it ends here.
    pub stopped: bool,
}

impl Move {
    /// Reads what a client says of a place that moves.
    pub fn from_tl(input: &types::InputMediaGeoLive) -> Result<Move, Error> {
        let place = match &input.geo_point {
            enums::InputGeoPoint::InputGeoPointEmpty => None,
            point => Some(geo_point(point)?),
        };
        Ok(Move {
            place,
            heading: input.heading.filter(|heading| HEADINGS.contains(heading)),
            period: input.period,
            nearness: input.proximity_notification_radius.filter(|nearness| NEARNESS.contains(nearness)),
            stopped: input.stopped,
        })
    }
}

/// Begins a place that moves.
pub(crate) fn begin(input: &types::InputMediaGeoLive) -> Result<MessageMedia, Error> {
    let begun = Move::from_tl(input)?;
    let geo = begun.place.filter(|_| !begun.stopped).ok_or_else(|| Error::bad(errors::MEDIA_EMPTY))?;
    let period = begun.period.filter(|period| is_period(*period));
    let period = period.ok_or_else(|| Error::bad(errors::MEDIA_INVALID))?;
    let (heading, proximity_notification_radius) = (begun.heading, begun.nearness);
    Ok(types::MessageMediaGeoLive { geo, heading, period, proximity_notification_radius }.into())
}

fn is_period(period: i32) -> bool {
    period == FOR_EVER || (SHORTEST_S..=LONGEST_S).contains(&period)
}

/// Says whether a message is a place that still moves when it is so many seconds old.
pub(crate) fn moves(media: Option<&MessageMedia>, age_s: i64) -> bool {
    let Some(MessageMedia::MessageMediaGeoLive(live)) = media else { return false };
    // Less than it may begin with is left only to a place that was ended, maybe in its first second.
    live.period >= SHORTEST_S && (live.period == FOR_EVER || age_s < i64::from(live.period))
}

/// Moves a place of a message that is so many seconds old, or ends it: then its period is what it lasted.
pub(crate) fn moved(media: Option<&MessageMedia>, to: &Move, age_s: i64) -> Result<MessageMedia, Error> {
    let Some(MessageMedia::MessageMediaGeoLive(live)) = media else {
        return Err(Error::bad(errors::MEDIA_PREV_INVALID));
    };
    if !moves(media, age_s) {
        return Err(Error::bad(errors::MESSAGE_NOT_MODIFIED));
    }
    let mut live = (**live).clone();
    if let Some(place) = &to.place {
        live.geo = place.clone();
    }
    live.heading = to.heading;
    live.proximity_notification_radius = to.nearness;
    let lasted = i32::try_from(age_s).unwrap_or(FOR_EVER);
    if to.stopped {
        live.period = lasted.max(1);
        (live.heading, live.proximity_notification_radius) = (None, None);
    } else if let Some(period) = to.period {
        // At most a day is added to what is left.
        let longest = live.period.max(lasted).saturating_add(LONGEST_S);
        if period != FOR_EVER && !(SHORTEST_S..=longest).contains(&period) {
            return Err(Error::bad(errors::MEDIA_INVALID));
        }
        live.period = period;
    }
    Ok(live.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lat: f64) -> enums::InputGeoPoint {
        types::InputGeoPoint { lat, long: 8.0, accuracy_radius: None }.into()
    }

    fn input(period: i32) -> types::InputMediaGeoLive {
        types::InputMediaGeoLive { geo_point: point(47.0), period: Some(period), ..Default::default() }
    }

    fn period_of(media: &MessageMedia) -> i32 {
        let MessageMedia::MessageMediaGeoLive(live) = media else { panic!("{media:?}") };
        live.period
    }

    #[test]
    fn g_436_a_place_moves_for_a_minute_to_a_day_or_for_ever() {
        for right in [60, 86_400, FOR_EVER] {
            assert_eq!(period_of(&begin(&input(right)).unwrap()), right);
        }
        for wrong in [-1, 0, 59, 86_401, FOR_EVER - 1] {
            assert_eq!(begin(&input(wrong)).unwrap_err().to_string(), "400 MEDIA_INVALID", "{wrong}");
        }
        let nowhere =
            types::InputMediaGeoLive { geo_point: enums::InputGeoPoint::InputGeoPointEmpty, ..input(60) };
        assert_eq!(begin(&nowhere).unwrap_err().to_string(), "400 MEDIA_EMPTY");
    }

    #[test]
    fn g_436_it_is_lengthened_by_a_day_at_most_and_ends_once() {
        let begun = begin(&input(600)).unwrap();
        let to = |period| Move { period, ..Move::from_tl(&input(60)).unwrap() };
        assert_eq!(period_of(&moved(Some(&begun), &to(None), 500).unwrap()), 600);
        assert_eq!(period_of(&moved(Some(&begun), &to(Some(87_000)), 500).unwrap()), 87_000);
        assert!(moved(Some(&begun), &to(Some(87_001)), 500).is_err());
        assert!(moved(Some(&begun), &to(None), 600).is_err(), "it has ended by itself");
        let stop = Move { stopped: true, place: None, ..to(None) };
        let ended = moved(Some(&begun), &stop, 42).unwrap();
        assert_eq!(period_of(&ended), 42);
        assert!(moved(Some(&ended), &to(None), 42).is_err(), "it was ended");
        let at_once = moved(Some(&begun), &stop, 0).unwrap();
        assert_eq!(period_of(&at_once), 1);
        assert!(moved(Some(&at_once), &to(None), 0).is_err(), "in its first second, too");
        let still = types::MessageMediaGeo { geo: geo_point(&point(1.0)).unwrap() }.into();
        let refused = moved(Some(&still), &to(None), 1).unwrap_err();
        assert_eq!(refused.to_string(), "400 MEDIA_PREV_INVALID", "it never moved");
    }
}
