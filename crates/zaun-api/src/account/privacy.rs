//! Who may see or do what.

use zaun_messenger::privacy::{Key, RuleRef};
use zaun_messenger::views::Scene;
use zaun_messenger::{Error, errors};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::Lists;

fn rules(call: &Call, (rules, scene): (Vec<enums::PrivacyRule>, Scene)) -> enums::account::PrivacyRules {
    call.answer(&scene, |Lists { users, chats }| types::account::PrivacyRules { rules, chats, users })
}

fn rule(call: &Call, input: enums::InputPrivacyRule) -> Result<RuleRef, Error> {
    use enums::{InputPrivacyRule as I, PrivacyRule as R};
    let users = |list: &[enums::InputUser], allow: bool| {
        let users: Result<Vec<_>, Error> = list.iter().map(|user| call.user(user)).collect();
        Ok(RuleRef::Users { allow, users: users? })
    };
    match input {
        I::InputPrivacyValueAllowAll => Ok(RuleRef::Plain(R::PrivacyValueAllowAll)),
        I::InputPrivacyValueDisallowAll => Ok(RuleRef::Plain(R::PrivacyValueDisallowAll)),
        I::InputPrivacyValueAllowContacts => Ok(RuleRef::Plain(R::PrivacyValueAllowContacts)),
        I::InputPrivacyValueDisallowContacts => Ok(RuleRef::Plain(R::PrivacyValueDisallowContacts)),
        I::InputPrivacyValueAllowUsers(list) => users(&list.users, true),
        I::InputPrivacyValueDisallowUsers(list) => users(&list.users, false),
        I::InputPrivacyValueAllowChatParticipants(list) => {
            Ok(RuleRef::Chats { allow: true, chats: list.chats })
        }
        I::InputPrivacyValueDisallowChatParticipants(list) => {
            Ok(RuleRef::Chats { allow: false, chats: list.chats })
        }
        // There are no close friends, nobody has Premium, and bots ask nobody for anything.
        _ => Err(Error::bad(errors::PRIVACY_VALUE_INVALID)),
    }
}

/// account.getPrivacy; of what cannot be set, everybody may.
pub(crate) async fn get_privacy(
    call: Call,
    r: functions::account::GetPrivacy,
) -> Result<enums::account::PrivacyRules, Error> {
    match Key::from_tl(&r.key) {
        Ok(key) => {
            let found = call.messenger().privacy(call.actor(), key).await?;
            Ok(rules(&call, found))
        }
        Err(_) => {
            let rules = vec![enums::PrivacyRule::PrivacyValueAllowAll];
            Ok(types::account::PrivacyRules { rules, chats: Vec::new(), users: Vec::new() })
        }
    }
}

/// account.setPrivacy
pub(crate) async fn set_privacy(
    call: Call,
    r: functions::account::SetPrivacy,
) -> Result<enums::account::PrivacyRules, Error> {
    let key = Key::from_tl(&r.key)?;
    let given: Result<Vec<_>, Error> = r.rules.into_iter().map(|input| rule(&call, input)).collect();
    let set = call.messenger().set_privacy(call.actor(), key, given?).await?;
    Ok(rules(&call, set))
}
