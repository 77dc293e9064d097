//! One module per aggregate: the statements that the rules of the messenger are made of, and nothing that decides.

pub mod admin_log;
pub mod authorizations;
pub mod blocked;
pub mod bot_updates;
pub mod bots;
pub mod boxes;
pub mod channels;
pub mod chats;
pub mod contacts;
pub mod contents;
pub mod dialogs;
pub mod events;
pub mod invites;
pub mod keys;
pub mod login_attempts;
pub mod login_tokens;
pub mod marks;
pub mod media;
pub mod messages;
pub mod passwords;
pub mod payments;
pub mod privacy;
pub mod read_dates;
pub mod saved;
pub mod scheduled;
pub mod search;
pub mod settings;
pub mod stickers;
pub mod threads;
pub mod users;

/// Declares a row: the struct, and from the same list of columns what a SELECT names, how a row is read and how one is
/// inserted.
macro_rules! table {
    (
        $(#[$doc:meta])*
        $name:ident in $table:literal {
            $(#[$first_doc:meta])* $first:ident: $first_type:ty,
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $(#[$first_doc])*
            pub $first: $first_type,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $name {
            #[allow(dead_code, reason = "not every table is selected by its whole list")]
            pub(crate) const COLUMNS: &'static str =
                concat!(stringify!($first), $(", ", stringify!($field)),*);

            #[allow(dead_code, reason = "not every row is read as a whole")]
            pub(crate) fn read(row: &$crate::Row<'_>) -> Result<Self, $crate::StoreError> {
                let mut column = 0..;
                let mut next = || column.next().unwrap_or(0);
                Ok($name { $first: row.column(next())?, $($field: row.column(next())?,)* })
            }

            /// Inserts the row.
            #[allow(dead_code, reason = "some rows get their key from the database")]
            pub(crate) fn insert(&self, tx: &$crate::Tx<'_>) -> Result<(), $crate::StoreError> {
                static SQL: std::sync::LazyLock<String> =
                    std::sync::LazyLock::new(|| $crate::repo::insert_sql($table, $name::COLUMNS));
                tx.execute(&SQL, $crate::params![
                    $crate::repo::Borrowed::param(&self.$first),
                    $($crate::repo::Borrowed::param(&self.$field)),*
                ]).map(drop)
            }
        }
    };
}
pub(crate) use table;

/// The INSERT of a table with these columns.
fn insert_sql(table: &str, columns: &str) -> String {
    let numbers: Vec<String> = (1..=columns.split(',').count()).map(|n| format!("${n}")).collect();
    format!("INSERT INTO {table} ({columns}) VALUES ({})", numbers.join(", "))
}

/// A field of a row as a parameter, without taking it.
pub(crate) trait Borrowed {
    fn param(&self) -> crate::Param<'_>;
}

macro_rules! copied {
    ($($t:ty),*) => {$(
        impl Borrowed for $t {
            fn param(&self) -> crate::Param<'_> {
                (*self).into()
            }
        }
    )*};
}
copied!(
    i64,
    i32,
    bool,
    zaun_model::UserId,
    zaun_model::ChannelId,
    zaun_model::ChatId,
    zaun_model::ContentId,
    zaun_model::MsgId,
    zaun_model::Pts,
    zaun_model::UnixTime,
    zaun_model::Peer,
    zaun_model::BoxId,
    zaun_model::rights::AdminRights,
    zaun_model::rights::BannedRights
);

impl Borrowed for String {
    fn param(&self) -> crate::Param<'_> {
        self.as_str().into()
    }
}
impl Borrowed for Vec<u8> {
    fn param(&self) -> crate::Param<'_> {
        self.as_slice().into()
    }
}
impl<T: Borrowed> Borrowed for Option<T> {
    fn param(&self) -> crate::Param<'_> {
        self.as_ref().map_or(crate::Param::Null, Borrowed::param)
    }
}
