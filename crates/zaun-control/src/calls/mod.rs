//! What each call does.

pub(crate) mod act;
pub(crate) mod chats;
mod files;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod press;
pub(crate) mod see;
pub(crate) mod seed;
pub(crate) mod snapshots;
pub(crate) mod speak;
pub(crate) mod time;
pub(crate) mod wait;

use serde_json::Value;

use crate::fields::Fields;
use crate::{Control, Refusal};

macro_rules! calls {
    ($($name:literal => $handler:path,)*) => {
        /// The names of all calls.
        pub const CALLS: &[&str] = &[$($name),*];

        /// Makes a call.
        pub(crate) async fn run(control: &Control, name: &str, fields: Fields) -> Result<Value, Refusal> {
            // Boxed, because a call's task would be as large as the largest of all.
            match name {
                $($name => Box::pin($handler(control, fields)).await,)*
                _ => {
                    let text = format!("there is no call \"{name}\"; there are {}", CALLS.join(", "));
                    Err(Refusal::new(404, text))
                }
            }
        }
    };
}

calls! {
    "add" => chats::add,
    "advance" => time::advance,
    "answers" => press::answers,
    "chats" => see::chats,
    "clear_faults" => plan::clear_faults,
    "create_bot" => people::create_bot,
    "create_chat" => chats::create_chat,
    "create_user" => people::create_user,
    "cut" => plan::cut,
    "delete" => speak::delete,
    "edit" => speak::edit,
    "fault" => plan::fault,
    "faults" => plan::faults,
    "follow" => act::follow,
    "give_stars" => act::give_stars,
    "join" => chats::join,
    "leave" => chats::leave,
    "login_code" => people::login_code,
    "messages" => see::messages,
    "missing" => plan::missing,
    "now" => time::now,
    "open_app" => act::open_app,
    "pay" => act::pay,
    "press" => press::press,
    "react" => act::react,
    "read" => speak::read,
    "reset" => snapshots::reset,
    "restore" => snapshots::restore,
    "seed" => seed::seed,
    "send" => speak::send,
    "send_app_data" => act::send_app_data,
    "snapshot" => snapshots::snapshot,
    "vote" => act::vote,
    "wait_answer" => press::wait_answer,
    "wait_gone" => wait::wait_gone,
    "wait_idle" => wait::wait_idle,
    "wait_message" => wait::wait_message,
}
