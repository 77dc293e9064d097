//! `contacts.*` that list what does not exist here.

use zaun_schema::api::{enums, functions, types};

use crate::empty::empty_answers;

empty_answers! {
    /// contacts.getTopPeers: nobody is rated.
    get_top_peers: functions::contacts::GetTopPeers => enums::contacts::TopPeers = types::contacts::TopPeers::default();
    /// contacts.getSponsoredPeers: nothing is advertised.
    get_sponsored_peers: functions::contacts::GetSponsoredPeers => enums::contacts::SponsoredPeers = enums::contacts::SponsoredPeers::SponsoredPeersEmpty;
    /// contacts.getBirthdays: users tell no birthday.
    get_birthdays: functions::contacts::GetBirthdays => enums::contacts::ContactBirthdays = types::contacts::ContactBirthdays::default();
    /// contacts.getSaved: contacts without an account are not kept.
    get_saved: functions::contacts::GetSaved => Vec<enums::SavedContact> = Vec::new();
}
