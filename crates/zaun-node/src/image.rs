//! Going back to a moment: everything that a node keeps, as it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use zaun_messenger::Error;

use crate::Node;

/// A node's content and clock at some moment.
pub struct Image {
    store: Arc<zaun_store::Image>,
    /// Seconds by which the clock was ahead.
    ahead: i64,
    /// The bytes that were there.
    blobs: BTreeSet<[u8; 32]>,
}

impl Node {
    /// Returns the node's content as it is now; there is none over PostgreSQL.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn image(&self) -> Result<Image, Error> {
        let blobs = self.messenger.blob_hashes().await?;
        let store = self.store.clone();
        let image = tokio::task::spawn_blocking(move || store.image()).await;
        let store = image.map_err(|_| zaun_store::StoreError::Panicked)??;
        Ok(Image { store: Arc::new(store), ahead: self.messenger.clock().ahead(), blobs })
    }

    /// Puts the node back to an image. Connections are cut; a client whose key is older than the image comes back with
    /// it, any other needs a new key. Bytes that neither this image nor those of `kept` know are removed. The node must
    /// be the only one over its store.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn restore(&self, image: &Image, kept: &[&Image]) -> Result<(), Error> {
        let there = self.messenger.blob_hashes().await?;
        self.bots.pause();
        self.api.forget_sessions();
        let (store, content) = (self.store.clone(), image.store.clone());
        let restored = tokio::task::spawn_blocking(move || store.restore(&content)).await;
        self.messenger.clock().set_ahead(image.ahead);
        self.messenger.forget().await?;
        self.outlet.forget();
        self.duties.begin_anew().await;
        // Somebody may have come back before the content was another.
        self.api.forget_sessions();
        self.bots.resume().await?;
        restored.map_err(|_| zaun_store::StoreError::Panicked)??;
        let known = |hash: &[u8; 32]| {
            image.blobs.contains(hash) || kept.iter().any(|image| image.blobs.contains(hash))
        };
        self.messenger.remove_blobs(there.into_iter().filter(|hash| !known(hash))).await
    }
}
