//! Lists that clients fetch when they start.

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::account::user_seen_by;

/// Seconds after which clients ask again for what has not changed.
const ASK_AGAIN_S: i64 = 3600;

/// help.getAppUpdate: updates come from wherever the client came from.
pub(crate) async fn get_app_update(
    _: Call,
    _: functions::help::GetAppUpdate,
) -> Result<enums::help::AppUpdate, Error> {
    Ok(enums::help::AppUpdate::NoAppUpdate)
}

/// help.getTermsOfServiceUpdate: there are none.
pub(crate) async fn get_terms_of_service_update(
    call: Call,
    _: functions::help::GetTermsOfServiceUpdate,
) -> Result<enums::help::TermsOfServiceUpdate, Error> {
    let expires = (call.messenger().now() + ASK_AGAIN_S).to_tl();
    Ok(types::help::TermsOfServiceUpdateEmpty { expires }.into())
}

/// help.getPromoData: nothing is promoted.
pub(crate) async fn get_promo_data(
    call: Call,
    _: functions::help::GetPromoData,
) -> Result<enums::help::PromoData, Error> {
    let expires = (call.messenger().now() + ASK_AGAIN_S).to_tl();
    Ok(types::help::PromoDataEmpty { expires }.into())
}

/// help.getInviteText
pub(crate) async fn get_invite_text(
    _: Call,
    _: functions::help::GetInviteText,
) -> Result<enums::help::InviteText, Error> {
    Ok(types::help::InviteText { message: "Join me on this server.".into() })
}

/// help.getSupport: the service account.
pub(crate) async fn get_support(
    call: Call,
    _: functions::help::GetSupport,
) -> Result<enums::help::Support, Error> {
    let user = user_seen_by(&call, zaun_messenger::SERVICE_USER).await?;
    Ok(types::help::Support { phone_number: String::new(), user })
}

/// The seven colours that every client knows by number; their shades are the client's own.
fn colors() -> enums::help::PeerColors {
    let color =
        |color_id: i32| types::help::PeerColorOption { color_id, ..types::help::PeerColorOption::default() };
    types::help::PeerColors { hash: 1, colors: (0..7).map(color).collect() }.into()
}

/// help.getPeerColors
pub(crate) async fn get_peer_colors(
    _: Call,
    _: functions::help::GetPeerColors,
) -> Result<enums::help::PeerColors, Error> {
    Ok(colors())
}

/// help.getPeerProfileColors: none to choose from.
pub(crate) async fn get_peer_profile_colors(
    _: Call,
    _: functions::help::GetPeerProfileColors,
) -> Result<enums::help::PeerColors, Error> {
    Ok(types::help::PeerColors { hash: 1, colors: Vec::new() }.into())
}

/// help.getCountriesList: the test numbers' own code is the only one this server knows of.
pub(crate) async fn get_countries_list(
    _: Call,
    _: functions::help::GetCountriesList,
) -> Result<enums::help::CountriesList, Error> {
    let code = |country_code: &str, patterns: &[&str]| types::help::CountryCode {
        country_code: country_code.to_owned(),
        prefixes: None,
        patterns: Some(patterns.iter().map(|p| (*p).to_owned()).collect()),
    };
    let country = |iso2: &str, name: &str, codes| types::help::Country {
        hidden: false,
        iso2: iso2.to_owned(),
        default_name: name.to_owned(),
        name: None,
        country_codes: codes,
    };
    let countries = vec![
        country("FT", "Test numbers", vec![code("999", &["66 X XXXX"])]),
        country("US", "USA", vec![code("1", &["XXX XXX XXXX"])]),
    ];
    Ok(types::help::CountriesList { countries, hash: 1 }.into())
}

/// help.getTimezonesList: clients that need one ask their own system.
pub(crate) async fn get_timezones_list(
    _: Call,
    _: functions::help::GetTimezonesList,
) -> Result<enums::help::TimezonesList, Error> {
    Ok(types::help::TimezonesList::default().into())
}

/// help.setBotUpdatesStatus: a server of HTTP bots says how far behind it is. It is noted in the log.
pub(crate) async fn set_bot_updates_status(
    call: Call,
    r: functions::help::SetBotUpdatesStatus,
) -> Result<bool, Error> {
    let bot = call.user_id.0;
    tracing::debug!(bot, waiting = r.pending_updates_count, message = r.message, "a bot's updates wait");
    Ok(true)
}
