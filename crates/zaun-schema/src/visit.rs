//! Visitors of API objects: whom an object mentions, and what in it has to be completed for its viewer.
//!
//! The generator implements [`Mentions`] and [`Complete`] for every type that results can hold and that has something
//! to visit, however deep; vectors, options and boxes pass the call on. A type that can hold nothing has no
//! implementation, and a caller has nothing to ask of it. Which number is an id of what stands in the section `ids`
//! of `tl/rules.toml`, and what is completed in its section `complete`.
//!
//! ```
//! use zaun_schema::api::{enums, types};
//! use zaun_schema::visit::{Mentioned, Mentions};
//!
//! let update: enums::Update = types::UpdateUserName { user_id: 7, ..Default::default() }.into();
//! assert!(Mentioned::of(&update).users.contains(&7));
//! ```

use std::collections::BTreeSet;

use crate::api::types;

/// Collects the users, basic groups and channels that an object names anywhere inside.
///
/// A user or chat does not mention itself, only others that it names.
pub trait Mentions {
    /// Adds everyone that the object names.
    fn mentions(&self, out: &mut Mentioned);
}

/// Everyone that objects name. A client has to be told of each of them (M-371).
///
/// Where the schema does not say whether a number is a basic group or a channel, it is in both sets; whoever looks
/// the sets up must show only what the viewer may see anyway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentioned {
    /// Ids of users.
    pub users: BTreeSet<i64>,
    /// Ids of basic groups.
    pub chats: BTreeSet<i64>,
    /// Ids of supergroups, channels and communities.
    pub channels: BTreeSet<i64>,
    /// Ids of stored contents on which people left marks. No object of the schema holds one: whoever shows messages
    /// notes them here.
    pub contents: BTreeSet<i64>,
    /// Ids of the sets that stickers belong to, noted by whoever shows messages.
    pub sticker_sets: BTreeSet<i64>,
}

impl Mentioned {
    /// Returns everyone that one object names.
    pub fn of(object: &(impl Mentions + ?Sized)) -> Self {
        let mut out = Self::default();
        object.mentions(&mut out);
        out
    }

    /// Whether nobody is named.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.chats.is_empty() && self.channels.is_empty()
    }

    /// Adds users.
    pub fn user(&mut self, ids: &impl Ids) {
        ids.each(&mut self.users);
    }

    /// Adds basic groups.
    pub fn chat(&mut self, ids: &impl Ids) {
        ids.each(&mut self.chats);
    }

    /// Adds supergroups, channels or communities.
    pub fn channel(&mut self, ids: &impl Ids) {
        ids.each(&mut self.channels);
    }
}

/// A field that holds ids: one, perhaps one, or several. Zero is nobody.
pub trait Ids {
    /// Adds all of them to a set.
    fn each(&self, set: &mut BTreeSet<i64>);
}

impl Ids for i64 {
    fn each(&self, set: &mut BTreeSet<i64>) {
        if *self != 0 {
            set.insert(*self);
        }
    }
}

impl<T: Ids> Ids for Option<T> {
    fn each(&self, set: &mut BTreeSet<i64>) {
        self.iter().for_each(|ids| ids.each(set));
    }
}

impl<T: Ids> Ids for Vec<T> {
    fn each(&self, set: &mut BTreeSet<i64>) {
        self.iter().for_each(|ids| ids.each(set));
    }
}

/// Fills in what depends on the viewer: access hash, file reference and data centre.
pub trait Completer {
    /// Completes a photo.
    fn photo(&self, photo: &mut types::Photo);
    /// Completes a document.
    fn document(&self, document: &mut types::Document);
    /// Completes a sticker set.
    fn sticker_set(&self, _set: &mut types::StickerSet) {}
}

/// Hands every photo and document anywhere inside an object to a [`Completer`].
pub trait Complete {
    /// Completes all that the object holds.
    fn complete(&mut self, with: &dyn Completer);
}

impl<T: Mentions + ?Sized> Mentions for &T {
    fn mentions(&self, out: &mut Mentioned) {
        (**self).mentions(out);
    }
}

impl<T: Mentions> Mentions for Box<T> {
    fn mentions(&self, out: &mut Mentioned) {
        (**self).mentions(out);
    }
}

impl<T: Mentions> Mentions for Option<T> {
    fn mentions(&self, out: &mut Mentioned) {
        self.iter().for_each(|inner| inner.mentions(out));
    }
}

impl<T: Mentions> Mentions for [T] {
    fn mentions(&self, out: &mut Mentioned) {
        self.iter().for_each(|inner| inner.mentions(out));
    }
}

impl<T: Mentions> Mentions for Vec<T> {
    fn mentions(&self, out: &mut Mentioned) {
        self.as_slice().mentions(out);
    }
}

impl<T: Complete> Complete for Box<T> {
    fn complete(&mut self, with: &dyn Completer) {
        (**self).complete(with);
    }
}

impl<T: Complete> Complete for Option<T> {
    fn complete(&mut self, with: &dyn Completer) {
        self.iter_mut().for_each(|inner| inner.complete(with));
    }
}

impl<T: Complete> Complete for [T] {
    fn complete(&mut self, with: &dyn Completer) {
        self.iter_mut().for_each(|inner| inner.complete(with));
    }
}

impl<T: Complete> Complete for Vec<T> {
    fn complete(&mut self, with: &dyn Completer) {
        self.as_mut_slice().complete(with);
    }
}
